import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../support/ports.js';
import { Child } from '../../support/child.js';
import { signToken, TEST_SECRET } from '../../support/jwt.js';
import { PostgresProcess } from '../../support/postgres-process.js';
import { RedisProcess } from '../../support/redis-process.js';
import { within } from '../../support/within.js';
import { connect } from '../../support/ws-client.js';
import { TcpProxy } from '../proxy.js';
import { compare, type Change, type Difference } from './compare.js';
import { count, migrate, START_MS, workerOf } from './run-outbox.js';

const CHANNELS = Array.from({ length: 12 }, (_, index) => `ledger:${index + 1}`);
/** Class of the channels' advisory locks, as in the product. */
const LOCK = 727_101;
const FROZEN_MS = 8_000;
/** Maximum time until a change of another channel is sent, in milliseconds. */
const SENT_WITHIN_MS = 2_000;
/**
 * Maximum time until every channel is sent after the relay continues or Postgres ends its transaction, in milliseconds.
 */
const LIVE_WITHIN_MS = 40_000;

export interface FrozenVerdict {
  readonly differences: readonly Difference[];
  /** Channels locked by the frozen relay. */
  readonly held: readonly string[];
  /** Channels that it did not lock, but whose changes were not sent, or not recently. */
  readonly heldUp: readonly string[];
  readonly committed: number;
}

/** Freezes a relay within a batch, while another relay has many more rows of the same channels before it. */
export async function runFrozen(dist: string): Promise<FrozenVerdict> {
  const [postgres, redis] = await Promise.all([
    PostgresProcess.start(),
    RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' }),
  ]);
  const line = await TcpProxy.start(await freePort(), redis.port, Math.random);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => undefined);
  const children: Child[] = [];
  const spawn = (role: 'worker' | 'relay' | 'observer', more: object = {}): Child => {
    const settings = { secret: TEST_SECRET, redis: redis.url, postgres: postgres.url, channels: CHANNELS, ...more };
    const child = new Child(process.execPath, [workerOf(dist), role, JSON.stringify({ batchSize: 20, ...settings })]);
    children.push(child);
    return child;
  };
  try {
    await migrate(pool, CHANNELS);
    const observer = spawn('observer');
    await observer.said(/listening on \d+\n/, START_MS);
    const port = /listening on (\d+)/.exec(observer.stdout)![1]!;
    const client = await connect(`ws://127.0.0.1:${port}/ws`, { token: signToken() });
    client.send({ type: 'subscribe', channels: CHANNELS });
    await client.fence();
    const seen = (): Change[] =>
      client.frames.flatMap((frame) => (frame.type === 'event' ? [frame.data as Change] : []));

    const relay = spawn('relay', { batchSize: 2, redis: `redis://127.0.0.1:${line.port}` });
    await relay.said('working', START_MS);
    const worker = spawn('worker');
    await worker.said(/committed \d+\n/, START_MS);

    const held = await freeze(relay, line, pool);
    await delay(FROZEN_MS - SENT_WITHIN_MS);
    const { rows: before } = await pool.query<Change>('select channel, n, token from changes');
    await delay(SENT_WITHIN_MS);
    const here = new Set(seen().map(({ token }) => token));
    const late = before.filter(({ channel, token }) => !held.includes(channel) && !here.has(token));
    const heldUp = [...new Set(late.map(({ channel }) => channel))];

    relay.kill('SIGCONT');
    line.set('pass');
    await worker.stop('SIGTERM');
    const empty = async (): Promise<void> => {
      const relays = spawn('relay');
      await relays.said('working', START_MS);
      while ((await count(pool, 'realtime_outbox')) > 0) await delay(20);
    };
    await within(LIVE_WITHIN_MS + START_MS, 'every channel to be sent', empty());
    const { rows: committed } = await pool.query<Change>('select channel, n, token from changes');
    const until = performance.now() + 10_000;
    while (seen().length < committed.length && performance.now() < until) await delay(50);
    await client.close();
    return { differences: compare(committed, seen()), held, heldUp, committed: committed.length };
  } finally {
    for (const child of children) child.kill('SIGCONT');
    await Promise.all(children.map((child) => child.stop('SIGKILL')));
    await pool.end();
    await line.stop();
    await Promise.all([postgres.stop(), redis.stop()]);
  }
}

/** Freezes the relay while it locks a channel and its Redis does not respond. @returns the locked channels */
async function freeze(relay: Child, line: TcpProxy, pool: pg.Pool): Promise<string[]> {
  const attempt = async (): Promise<string[]> => {
    for (;;) {
      line.set('blackHole');
      await delay(100);
      relay.kill('SIGSTOP');
      await delay(500); // the other relay releases its locks in this time
      const held = await stillHeld(pool);
      if (held.length > 0 && held.length < CHANNELS.length) return held;
      relay.kill('SIGCONT');
      line.set('pass');
      await delay(200);
    }
  };
  return within(60_000, 'the relay to hold a channel', attempt());
}

/** Returns channels whose lock is held by an idle transaction. */
async function stillHeld(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ channel: string }>(
    `select channel from json_array_elements_text($1::text::json) as channel
     where exists (
       select from pg_locks join pg_stat_activity using (pid)
       where locktype = 'advisory' and classid = ${LOCK} and objid = hashtext(channel)::bit(32)::bigint::oid
         and state like 'idle in transaction%' and state_change < now() - interval '400 ms'
     )`,
    [JSON.stringify(CHANNELS)],
  );
  return rows.map(({ channel }) => channel);
}
