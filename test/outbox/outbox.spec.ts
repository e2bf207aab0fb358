import pg from 'pg';
import {
  Command,
  Input,
  OUTBOX_MIGRATION,
  pgOutboxDatabase,
  RealtimeCommands,
  RealtimeOutbox,
  RealtimeOutboxModule,
  type RealtimeOutboxOptions,
} from '../../src/realtime/index.js';
import { Broker } from '../../src/realtime/broker/broker.js';
import { RealtimeApp, type TestOptions } from '../realtime/support/realtime-app.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { RedisProcess } from '../support/redis-process.js';
import type { WsClient } from '../support/ws-client.js';

interface Numbered {
  readonly n: number;
}

@RealtimeCommands()
class StoreCommands {
  constructor(
    private readonly outbox: RealtimeOutbox,
    private readonly pool: pg.Pool,
  ) {}

  /** Stores an event in a transaction. */
  @Command('store')
  async store(@Input() n: number): Promise<void> {
    const tx = await this.pool.connect();
    await tx.query('begin');
    await this.outbox.emit(tx, 'apps:created', { id: String(n), name: 'app', n } as never);
    await tx.query('commit');
    tx.release();
  }
}

describe('the outbox', () => {
  let postgres: PostgresProcess;
  let redis: RedisProcess;
  let pool: pg.Pool;
  let apps: RealtimeApp[];
  let outbox: RealtimeOutbox;
  let client: WsClient;

  const start = (options: TestOptions, given: Partial<RealtimeOutboxOptions> = {}): Promise<RealtimeApp> =>
    RealtimeApp.start(options, {
      imports: [RealtimeOutboxModule.forRoot({ database: pgOutboxDatabase(pool), ...given })],
      providers: [{ provide: pg.Pool, useValue: pool }, StoreCommands],
    });

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([
      PostgresProcess.start(),
      RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' }),
    ]);
    pool = new pg.Pool({ connectionString: postgres.url, max: 20 });
    pool.on('error', () => undefined); // a broken idle connection: the pool opens another
    // Twice, because each start of an application can run it.
    for (const statement of [...OUTBOX_MIGRATION, ...OUTBOX_MIGRATION]) await pool.query(statement);
    const options = { redis: { url: redis.url }, maxEventBytes: 1_000, history: { size: 5_000 } };
    apps = await Promise.all([start(options, { batchSize: 7 }), start(options, { batchSize: 7 })]);
    outbox = apps[0]!.app.get(RealtimeOutbox);
    client = await apps[1]!.connectAs();
    await client.ask({ type: 'subscribe', channels: ['apps:*', 'storage:*'] });
    await client.fence();
  }, 60_000);

  afterAll(async () => {
    await client?.close();
    await Promise.all((apps ?? []).map((app) => app.close()));
    await pool?.end();
    await Promise.all([postgres?.stop(), redis?.stop()]);
  });

  const transaction = async (work: (tx: pg.PoolClient) => Promise<unknown>): Promise<void> => {
    const tx = await pool.connect();
    try {
      await tx.query('begin');
      await work(tx);
      await tx.query('commit');
    } catch (error) {
      await tx.query('rollback');
      throw error;
    } finally {
      tx.release();
    }
  };
  const event = (n: number) => ({ id: String(n), name: 'app', n });
  const received = async (count: number, channel = 'apps:created'): Promise<number[]> => {
    const numbers: number[] = [];
    while (numbers.length < count) {
      const { data } = await client.next('event', (frame) => frame.channel === channel);
      numbers.push((data as Numbered).n);
    }
    return numbers;
  };
  /** Resolves once the outbox is in this state. The time limit of the test bounds the wait. */
  const untilStatus = async (expected: { waiting: number; setAside: number }): Promise<void> => {
    for (;;) {
      const { waiting, setAside } = await outbox.status();
      if (waiting === expected.waiting && setAside === expected.setAside) return;
    }
  };
  const empty = async (): Promise<void> => {
    while ((await outbox.status()).waiting > 0);
  };

  it('sends committed events in order, and no event of a rollback', async () => {
    await transaction(async (tx) => {
      await outbox.emit(tx, 'apps:created', event(1));
      await outbox.emit(tx, 'apps:created', event(2));
      await client.expectNone('event');
    });
    const failing = transaction(async (tx) => {
      await outbox.emit(tx, 'apps:created', event(-1));
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    await transaction((tx) => outbox.emit(tx, 'apps:created', event(3)));
    expect(await received(3)).toEqual([1, 2, 3]);
    await empty();
    await client.expectNone('event');
    expect(await outbox.status()).toEqual({ waiting: 0, oldestMs: 0, setAside: 0 });
  });

  it('marks the events of a call with its id, and no others that it sends meanwhile', async () => {
    const caller = await apps[0]!.connectAs({ sub: 'caller' });
    await caller.ask({ type: 'subscribe', channel: 'apps:created' });
    await transaction((tx) => outbox.emit(tx, 'apps:created', event(1)));
    const answer = await caller.ask({ type: 'call', name: 'store', callId: 'k1', data: 2 });
    expect(answer).toMatchObject({ type: 'result', effects: [{ channel: 'apps:created' }] });
    expect(answer).not.toHaveProperty(['effects', 0, 'id']);
    await transaction((tx) => outbox.emit(tx, 'apps:created', event(3)));
    const causes = new Map<number, unknown>();
    while (causes.size < 3) {
      const { data, cause } = await caller.next('event');
      causes.set((data as Numbered).n, cause);
    }
    expect([1, 2, 3].map((n) => causes.get(n))).toEqual([undefined, 'k1', undefined]);
    await caller.close();
    expect(await received(3)).toEqual([1, 2, 3]);
    await empty();
  });

  it('leaves out the sender of an event, also the one of the running code and only for its user', async () => {
    const sender = await apps[1]!.connectAs({ sub: 'ann' });
    const { connectionId } = sender.frames[0] as { connectionId: string };
    const { events } = apps[0]!;
    await sender.ask({ type: 'subscribe', channel: 'apps:created' });
    await transaction(async (tx) => {
      await outbox.emit(tx, 'apps:created', event(1), { except: connectionId });
      const by = (userId: string, n: number, options = {}) =>
        events.withSender({ connectionId, userId }, () => outbox.emit(tx, 'apps:created', event(n), options));
      await by('ann', 2);
      await by('ben', 3);
      await by('ann', 4, { except: null });
      const { except_for: exceptFor, ...row } = outbox.row('apps:created', event(5), { except: connectionId });
      expect([exceptFor, Object.keys(row)]).toEqual([connectionId, ['channel', 'data', 'tenant']]);
      await outbox.emit(tx, 'apps:created', event(6));
    });
    expect(await received(5)).toEqual([1, 2, 3, 4, 6]);
    await sender.next('event', ({ data }) => (data as Numbered).n === 6);
    const bySender = sender.frames.flatMap((frame) => (frame.type === 'event' ? [(frame.data as Numbered).n] : []));
    expect(bySender).toEqual([3, 4, 6]);
    await sender.close();
    const stored = events.publishJson('apps:created', JSON.stringify(event(7)), {}, { exclusion: 'not a connection' });
    await expect(stored).rejects.toMatchObject({ field: 'except' });
    await empty();
  });

  it('sends each event once and in order per channel, with two instances that send in small batches', async () => {
    const channels = ['apps:updated', 'apps:deployed', 'apps:status', 'storage:updated'] as const;
    const write = async (channel: (typeof channels)[number]): Promise<void> => {
      for (let n = 1; n <= 60; n += 1) {
        await transaction((tx) => outbox.emit(tx, channel, { id: '1', name: 'x', status: 's', n } as object as never));
      }
    };
    await Promise.all(channels.map(write));
    const expected = Array.from({ length: 60 }, (_, index) => index + 1);
    for (const channel of channels) expect(await received(60, channel)).toEqual(expected);
    await empty();
    await client.expectNone('event');
  });

  it('sets aside events that can never be published, logs the reason, and sends the others', async () => {
    const insert = 'insert into realtime_outbox (channel, data) values ($1, $2)';
    await expect(outbox.emit(pool, 'apps:created', { ...event(1), name: 'x'.repeat(1_000) })).rejects.toThrow(
      'data is larger than 1000 bytes',
    );
    const none = undefined as unknown as string;
    await expect(outbox.emitToUser(pool, none, 1)).rejects.toThrow('userId is undefined');
    await expect(outbox.emitToUser(pool, 'u1', new Map())).rejects.toThrow('data cannot hold a Map');
    await expect(outbox.emit(pool, 'apps:created', Promise.resolve() as never)).rejects.toThrow('await it before');
    expect(() => outbox.row('apps:created', new Set() as never, null as never)).toThrow('data cannot hold a Set');
    await transaction(async (tx) => {
      await tx.query(insert, ['apps:created', JSON.stringify(event(10))]);
      await tx.query(insert, ['apps:created', JSON.stringify({ n: 11, text: 'x'.repeat(1_000) })]);
      await tx.query(insert, ['apps:created', JSON.stringify(event(12))]);
    });
    expect(await received(2)).toEqual([10, 12]);
    await empty();
    const { rows } = await pool.query('select channel, reason from realtime_outbox');
    expect(rows).toEqual([
      { channel: 'apps:created', reason: 'data is larger than 1000 bytes as JSON (the option maxEventBytes)' },
    ]);
    expect(await outbox.status()).toMatchObject({ waiting: 0, setAside: 1 });
    expect(apps.flatMap(({ log }) => log.lines).filter((line) => line.includes('is set aside'))).toHaveLength(1);

    await pool.query(`update realtime_outbox set data = $1`, [JSON.stringify(event(11))]);
    expect(await outbox.retry()).toBe(1);
    expect(await received(1)).toEqual([11]);
    await empty();
  });

  it('leaves an unknown channel to an instance that knows it, for a while', async () => {
    const insert = 'insert into realtime_outbox (channel, data, created_at) values ($1, $2, now() - $3::interval)';
    // More rows than fit in a batch: they must not fill every batch.
    for (let count = 0; count < 10; count += 1) await pool.query(insert, ['next:version', '1', '0']);
    await pool.query(insert, ['no:such', '1', '1 hour']);
    await transaction((tx) => outbox.emit(tx, 'apps:created', event(20)));
    expect(await received(1)).toEqual([20]);
    await untilStatus({ waiting: 10, setAside: 1 });
    await pool.query('delete from realtime_outbox');
  });

  it('sends other channels while a frozen relay holds more rows of one than fit in a batch', async () => {
    const frozen = await pool.connect();
    await frozen.query('begin');
    await frozen.query(`select pg_advisory_xact_lock(727101, hashtext('apps:deleted'))`);
    await transaction(async (tx) => {
      for (let n = 1; n <= 20; n += 1) await outbox.emit(tx, 'apps:deleted', event(n) as never);
      await outbox.emit(tx, 'storage:deleted', event(21) as never);
    });
    await received(1, 'storage:deleted');
    expect(client.frames.some((frame) => frame.type === 'event' && frame.channel === 'apps:deleted')).toBe(false);
    await frozen.query('rollback');
    frozen.release();
    await received(20, 'apps:deleted');
  });

  it('holds all events while Redis is unavailable, and sends them in order afterwards', async () => {
    await redis.kill();
    for (let n = 30; n < 50; n += 1) await transaction((tx) => outbox.emit(tx, 'apps:created', event(n)));
    expect((await outbox.status()).waiting).toBe(20);
    await redis.restart();
    await empty();
    // The subscriber receives them, or a resync instead of some, because Redis was unavailable.
    const sent = await apps[0]!.app.get(Broker).latest('apps:created', 20);
    const numbers = sent.map(({ body }) => Number(/"n":(\d+)/.exec(body)?.[1]));
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => 30 + index));
    await client.next('resync', ({ channel }) => channel === 'apps:created');
  });

  it('continues after its connections to Postgres were terminated', async () => {
    await pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = $1',
      ['client backend'],
    );
    await transaction((tx) => outbox.emit(tx, 'apps:created', event(60))).catch(() =>
      transaction((tx) => outbox.emit(tx, 'apps:created', event(60))),
    );
    await client.next('event', ({ data }) => (data as Numbered).n === 60);
  });

  it('sends the events that an application committed before its shutdown', async () => {
    const last = await start({});
    const listener = await last.connectAs();
    await listener.ask({ type: 'subscribe', channel: 'deployments:started' });
    await Promise.all(apps.map((app) => app.close()));
    apps = [];
    const data = { id: '1', appId: '1', status: 'started' };
    await transaction((tx) => last.app.get(RealtimeOutbox).emit(tx, 'deployments:started', data));
    await last.close();
    expect((await listener.next('event')).data).toEqual(data);
  });

  it('refuses to start without its table, and with invalid options', async () => {
    await expect(start({}, { batchSize: 0, relay: 'yes' as unknown as boolean })).rejects.toThrow(
      /`relay`.*must be true or false\n- `batchSize`.*from 1 to 1000/,
    );
    await pool.query('drop table realtime_outbox');
    await expect(start({})).rejects.toThrow('run the statements of OUTBOX_MIGRATION');
  });
});
