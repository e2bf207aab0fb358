import { Redis } from 'ioredis';
import { sleep } from '../clock.js';
import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import type { DelayedLineHandlers } from '../load/delayed-line.js';
import { withRedis } from '../redis.js';
import { median } from '../statistics.js';
import { Worker } from '../worker.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

/** Added round-trip times to Redis, in milliseconds. */
const ADDED_MS = [0, 0.1, 1, 5];
const WINDOW = 2_000;

/** Acknowledged emits per second of one process to one channel, by round-trip time to Redis. */
export async function redisDistanceRows(context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  for (const addedMs of ADDED_MS) {
    const row = await withRedis(async (url) => {
      const line = new Worker<DelayedLineHandlers>('./load/delayed-line.ts');
      try {
        const to = Number(new URL(url).port);
        const port = addedMs === 0 ? to : await line.call('open', { to, roundTripMs: addedMs });
        const redisUrl = `redis://127.0.0.1:${port}`;
        const roundTripMs = await roundTripOf(redisUrl);
        return await withContenders([() => Contender.start('module', { redisUrl })], ([module]) =>
          measure(context, module!, roundTripMs),
        );
      } finally {
        await line.stop();
      }
    });
    context.done(row);
    rows.push(row);
  }
  return rows;
}

async function measure({ quick, runs }: Context, module: Contender, roundTripMs: number): Promise<Row> {
  await sleep(500); // until the module's connections to Redis are open
  const perSecond: number[] = [];
  const load = { channels: [CHANNEL], window: WINDOW, seconds: quick ? 1 : 3, bytes: EVENT_BYTES };
  for (let run = -1; run < runs; run += 1) {
    const acknowledged = await module.server.call('acknowledged', load);
    // Warms up the compiler.
    if (run >= 0) perSecond.push(acknowledged);
  }
  return {
    group: 'redis-distance',
    what: `acknowledged emits to one channel, Redis ${roundTripMs.toFixed(2)} ms away and back`,
    ...{ unit: '/s', n: 0, b: null, columns: { [MODULE]: perSecond }, targets: [] },
  };
}

/** Returns the median of a hundred PINGs. */
async function roundTripOf(url: string): Promise<number> {
  const redis = new Redis(url);
  const times: number[] = [];
  for (let count = 0; count < 100; count += 1) {
    const from = performance.now();
    await redis.ping();
    times.push(performance.now() - from);
  }
  redis.disconnect();
  return median(times);
}
