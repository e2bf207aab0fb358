import pg from 'pg';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OUTBOX_MIGRATION } from '../../../src/realtime/publishing/outbox/outbox-schema.js';
import { Child } from '../../support/child.js';
import { signToken, TEST_SECRET } from '../../support/jwt.js';
import { PostgresProcess } from '../../support/postgres-process.js';
import type { Random } from '../../support/random.js';
import { RedisProcess } from '../../support/redis-process.js';
import { connect } from '../../support/ws-client.js';
import { compare, type Change, type Difference } from './compare.js';
import { ReloadingSubscriber } from './reloading-subscriber.js';

/** The program of the `Build`. */
export const WORKER = 'test/fault/outbox/worker.mjs';
export const workerOf = (dist: string): string => join(dist, basename(WORKER));
/** Time for a process to start, in milliseconds, on a busy machine. */
export const START_MS = 60_000;
export const CHANNELS = ['ledger:one', 'ledger:two', 'ledger:three'];

export interface OutboxRun {
  /** Directory of a `Build`. */
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
  /** Events that the subscriber received. */
  readonly seen: number;
  /** Restarts of Redis. */
  readonly restarts: number;
  /** Resyncs that the subscriber received. Each restart may cause one per channel. */
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
    new Child(process.execPath, [workerOf(run.dist), role, JSON.stringify(settings)]);
  const children: Child[] = [];
  const over = new AbortController();
  let trouble = Promise.resolve(0);
  try {
    await migrate(pool);
    const observer = spawn('observer');
    children.push(observer);
    await observer.said(/listening on \d+\n/, START_MS);
    const port = /listening on (\d+)/.exec(observer.stdout)![1]!;
    const client = await connect(`ws://127.0.0.1:${port}/ws`, { token: signToken() });
    const subscriber = new ReloadingSubscriber(client, pool);
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
    const restarts = await trouble;

    const last = spawn('relay');
    children.push(last);
    await last.said('working', START_MS);
    while ((await count(pool, 'realtime_outbox')) > 0) await delay(20);
    await last.stop('SIGTERM');
    const { rows: committed } = await pool.query<Change>('select channel, n, token from changes');
    await caughtUp(subscriber, committed);
    await client.close();
    const { received, resyncs } = subscriber;
    const differences = compare(committed, received);
    const seen = received.filter((item) => 'token' in item).length;
    return { differences, kills: run.workers * run.kills, committed: committed.length, seen, restarts, resyncs };
  } finally {
    over.abort();
    await trouble.catch(() => 0);
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
 * Waits until the subscriber knows the last change of each channel. If it was lost, the wait times out and the comparison
 * reports it.
 */
async function caughtUp(subscriber: ReloadingSubscriber, committed: readonly Change[]): Promise<void> {
  const deadline = performance.now() + 20_000; // a resync is spread over 10 s
  for (const channel of CHANNELS) {
    const last = committed.filter((change) => change.channel === channel).reduce((most, { n }) => Math.max(most, n), 0);
    while ((await subscriber.last(channel)) < last && performance.now() < deadline) await delay(50);
  }
}

/** @returns the number of restarts of Redis */
async function troubleServers(redis: RedisProcess, pool: pg.Pool, random: Random, over: AbortSignal): Promise<number> {
  let restarts = 0;
  while (!over.aborted) {
    await delay(random.between(1_000, 4_000));
    if (random.chance(0.5)) {
      await redis.kill();
      await delay(random.between(100, 1_500));
      await redis.restart();
      restarts += 1;
    } else {
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where pid <> pg_backend_pid() and backend_type = 'client backend'`,
      );
    }
  }
  return restarts;
}
