import pg from 'pg';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OUTBOX_MIGRATION } from '../../../src/realtime/outbox/outbox-schema.js';
import { Child } from '../../support/child.js';
import { signToken, TEST_SECRET } from '../../support/jwt.js';
import { PostgresProcess } from '../../support/postgres-process.js';
import type { Random } from '../../support/random.js';
import { RedisProcess } from '../../support/redis-process.js';
import { connect } from '../../support/ws-client.js';
import { compare, type Change, type Difference } from './compare.js';

export const WORKER = resolve('test/fault/outbox/worker.mjs');
/** Time for a process to start, in milliseconds, on a busy machine. */
export const START_MS = 60_000;
const CHANNELS = ['ledger:one', 'ledger:two', 'ledger:three'];

export interface OutboxRun {
  /** Directory of the build. */
  readonly dist: string;
  readonly random: Random;
  /** Number of processes that write and relay concurrently. */
  readonly workers: number;
  /** Number of kills per process. */
  readonly kills: number;
  /** Approximate number of commits before each kill. */
  readonly life: readonly [from: number, to: number];
  /** Also kills and restarts Redis, and ends the connections to Postgres. */
  readonly servers: boolean;
}

export interface OutboxVerdict {
  readonly differences: readonly Difference[];
  readonly kills: number;
  readonly committed: number;
  readonly seen: number;
  /** Resyncs that the subscriber received. */
  readonly resyncs: number;
}

/** Kills processes within transactions, and compares the database with the events of a subscriber. */
export async function runOutbox(run: OutboxRun): Promise<OutboxVerdict> {
  const [postgres, redis] = await Promise.all([
    PostgresProcess.start(),
    RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' }),
  ]);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => undefined);
  const settings = { secret: TEST_SECRET, redis: redis.url, postgres: postgres.url, channels: CHANNELS, batchSize: 20 };
  const spawn = (role: 'worker' | 'relay' | 'observer') =>
    new Child(process.execPath, [WORKER, resolve(run.dist), role, JSON.stringify(settings)]);
  const children: Child[] = [];
  const over = new AbortController();
  let trouble = Promise.resolve();
  try {
    await migrate(pool);
    const observer = spawn('observer');
    children.push(observer);
    await observer.said(/listening on \d+\n/, START_MS);
    const port = /listening on (\d+)/.exec(observer.stdout)![1]!;
    const client = await connect(`ws://127.0.0.1:${port}/ws`, { token: signToken() });
    client.send({ type: 'subscribe', channels: CHANNELS });
    await client.fence();

    const lives = Array.from({ length: run.workers }, async (_, index) => {
      const random = run.random.fork(`worker ${index}`);
      for (let life = 0; life < run.kills; life += 1) {
        const worker = spawn('worker');
        children.push(worker);
        // Other transactions and relay batches of it are in progress at that time.
        await worker.said(`committed ${Math.round(random.between(...run.life))}\n`, START_MS);
        await worker.stop('SIGKILL');
      }
    });
    if (run.servers) trouble = troubleServers(redis, pool, run.random, over.signal);
    await Promise.all(lives).finally(() => over.abort());
    await trouble;

    const last = spawn('relay');
    children.push(last);
    await last.said('working', START_MS);
    while ((await count(pool, 'realtime_outbox')) > 0) await delay(20);
    await last.stop('SIGTERM');
    const { rows: committed } = await pool.query<Change>('select channel, n, token from changes');
    await caughtUp(client, committed);
    const seen = client.frames.flatMap((frame) => (frame.type === 'event' ? [frame.data as Change] : []));
    const resyncs = client.frames.filter(({ type }) => type === 'resync').length;
    await client.close();
    const differences = compare(committed, seen);
    return { differences, kills: run.workers * run.kills, committed: committed.length, seen: seen.length, resyncs };
  } finally {
    over.abort();
    await trouble.catch(() => undefined);
    await Promise.all(children.map((child) => child.stop('SIGKILL')));
    await pool.end();
    await Promise.all([postgres.stop(), redis.stop()]);
  }
}

export async function migrate(pool: pg.Pool, channels: readonly string[] = CHANNELS): Promise<void> {
  for (const statement of OUTBOX_MIGRATION) await pool.query(statement);
  await pool.query('create table counters (channel text primary key, n integer not null)');
  await pool.query('create table changes (channel text, n integer, token text, primary key (channel, n))');
  for (const channel of channels) await pool.query('insert into counters values ($1, 0)', [channel]);
}

export async function count(pool: pg.Pool, table: string): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]!.n;
}

/**
 * Waits until the last event of each channel has arrived. If it was lost, the wait times out and the comparison reports
 * it.
 */
async function caughtUp(client: Awaited<ReturnType<typeof connect>>, committed: readonly Change[]): Promise<void> {
  const lastOf = (channel: string) =>
    committed.filter((change) => change.channel === channel).reduce((most, { n }) => Math.max(most, n), 0);
  const deadline = performance.now() + 10_000;
  const missing = () =>
    CHANNELS.some((channel) => {
      const last = lastOf(channel);
      const has = client.frames.some(
        (frame) => frame.type === 'event' && frame.channel === channel && (frame.data as Change).n === last,
      );
      return last > 0 && !has;
    });
  while (missing() && performance.now() < deadline) await delay(50);
  await client.fence();
}

async function troubleServers(redis: RedisProcess, pool: pg.Pool, random: Random, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await delay(random.between(1_000, 4_000));
    if (random.chance(0.5)) {
      await redis.kill();
      await delay(random.between(100, 1_500));
      await redis.restart();
    } else {
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where pid <> pg_backend_pid() and backend_type = 'client backend'`,
      );
    }
  }
}
