import pg from 'pg';
import { OUTBOX_MIGRATION, pgOutboxDatabase, RealtimeOutbox, RealtimeOutboxModule } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';
import { PostgresProcess } from '../support/postgres-process.js';
import { connect, type WsClient } from '../support/ws-client.js';

const app = (name: string) => ({ id: name, name });

describe('the outbox with tenants', () => {
  let postgres: PostgresProcess;
  let pool: pg.Pool;
  let server: RealtimeApp;
  let outbox: RealtimeOutbox;

  const enter = async (org: string): Promise<WsClient> => {
    const client = await connect(server.url, { token: signToken({ sub: 'ann', org }) });
    for (const channel of ['apps:*', 'user:ann', 'announcements']) client.send({ type: 'subscribe', channel });
    await client.fence();
    return client;
  };
  const received = async (client: WsClient, count: number): Promise<unknown[]> => {
    const names: unknown[] = [];
    while (names.length < count) names.push(((await client.next('event')).data as { name: unknown }).name);
    return names;
  };

  beforeAll(async () => {
    postgres = await PostgresProcess.start();
    pool = new pg.Pool({ connectionString: postgres.url, max: 5 });
    pool.on('error', () => undefined); // a broken idle connection: the pool creates another
    // The table from before tenants.
    for (const statement of OUTBOX_MIGRATION.filter((text) => !text.includes('tenant'))) await pool.query(statement);
  }, 60_000);
  afterAll(async () => {
    await server?.close();
    await pool?.end();
    await postgres?.stop();
  });

  const start = () =>
    RealtimeApp.start(
      { tenants: { claim: 'org' } },
      { imports: [RealtimeOutboxModule.forRoot({ database: pgOutboxDatabase(pool) })] },
    );

  it('does not start with a table without the tenant column, and the migration adds it', async () => {
    await expect(start()).rejects.toThrow('is missing or outdated: run the statements of OUTBOX_MIGRATION');
    for (const statement of OUTBOX_MIGRATION) await pool.query(statement);
    server = await start();
    outbox = server.app.get(RealtimeOutbox);
  });

  it('sends each event to its tenant, in order', async () => {
    const [a, b] = [await enter('a'), await enter('b')];
    await outbox.emit(pool, 'apps:created', app('a 1'), { tenant: 'a' });
    await server.events.withTenant('b', async () => {
      await outbox.emit(pool, 'apps:created', app('b 1'));
      await outbox.emit(pool, 'apps:created', app('a 2'), { tenant: 'a' });
      await outbox.emitToUser(pool, 'ann', app('b 2'));
      await outbox.emit(pool, 'announcements', { title: 't', message: 'm', name: 'all' } as never);
    });
    await outbox.emitToUser(pool, 'ann', app('a 3'), { tenant: 'a' });
    expect(new Set(await received(a, 4))).toEqual(new Set(['a 1', 'a 2', 'a 3', 'all']));
    expect(new Set(await received(b, 3))).toEqual(new Set(['all', 'b 1', 'b 2']));
    for (const client of [a, b]) await client.expectNone('event');
    const created = a.frames.flatMap((frame) =>
      frame.type === 'event' && frame.channel === 'apps:created' ? (frame.data as { name: string }).name : [],
    );
    expect(created).toEqual(['a 1', 'a 2']);
    await expect(outbox.emit(pool, 'apps:created', app('without a tenant'))).rejects.toThrow('tenant is missing');
    await a.close();
    await b.close();
  });

  it('sets aside a row without a tenant, and continues', async () => {
    const a = await enter('a');
    const insert = 'insert into realtime_outbox (channel, data, tenant) values ($1, $2, $3)';
    for (const tenant of [null, '', 'a']) await pool.query(insert, ['apps:created', JSON.stringify(app('x')), tenant]);
    expect(await received(a, 1)).toEqual(['x']);
    while ((await outbox.status()).waiting > 0);
    expect(await outbox.status()).toMatchObject({ waiting: 0, setAside: 2 });
    const { rows } = await pool.query<{ reason: string }>('select reason from realtime_outbox order by id');
    expect(rows.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('tenant is missing'),
      expect.stringContaining('tenant must be a non-empty string'),
    ]);
    await a.close();
  });
});
