import { sleep } from '../clock.js';
import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import type { RedisSubscriberHandlers } from '../load/redis-subscriber.js';
import { quantile } from '../statistics.js';
import { withRedis } from '../redis.js';
import { Worker } from '../worker.js';
import type { Context } from './context.js';
import { MODULE, type Row } from './row.js';

const EVENTS_PER_SECOND = 200;
/** Number of unacknowledged emits at any time. */
const WINDOW = 2_000;

/** Acknowledged emits per second of one process, to one channel and to several in turn. */
export async function redisEmitRows(context: Context): Promise<Row[]> {
  return withRedis((redisUrl) =>
    withContenders(
      [() => Contender.start('module', { redisUrl }), () => Contender.start('bare redis', { redisUrl })],
      async ([module, bare]) => {
        await sleep(500); // until the module's connection to Redis is open
        const columns: Record<string, number[]> = { [MODULE]: [], 'bare PUBLISH': [] };
        const cost: Record<string, number[]> = { [MODULE]: [], 'bare PUBLISH': [] };
        const seconds = context.quick ? 1 : 3;
        const load = { channels: [CHANNEL], window: WINDOW, seconds, bytes: EVENT_BYTES };
        for (let run = -1; run < context.runs; run += 1) {
          for (const [column, contender] of [
            [MODULE, module!],
            ['bare PUBLISH', bare!],
          ] as const) {
            let perSecond = 0;
            const cpu = await contender.cpuOf(async () => {
              perSecond = await contender.server.call('acknowledged', load);
            });
            // Warms up the compiler.
            if (run < 0) continue;
            columns[column]!.push(perSecond);
            cost[column]!.push(cpu / (perSecond * seconds));
          }
        }
        const emits: Row = {
          group: 'redis-emit',
          what: `acknowledged emits through Redis, ${WINDOW.toLocaleString('en-US')} at once`,
          unit: '/s',
          n: 0,
          b: null,
          columns,
          targets: [{ kind: 'at least', value: 30_000 }],
        };
        const cpu: Row = {
          ...{ group: 'redis-emit', what: 'an acknowledged emit through Redis, CPU of the process', unit: 'µs' },
          ...{ n: 0, b: null, columns: cost, targets: [] },
        };
        for (const row of [emits, cpu]) context.done(row);
        return [emits, cpu];
      },
    ),
  );
}

/** Latency from `emit` on one instance to a socket of another, compared with a bare PUBLISH and SUBSCRIBE. */
export async function redisLatencyRows(context: Context): Promise<Row[]> {
  return withRedis((redisUrl) => {
    const start = (): Promise<Contender> => Contender.start('module', { redisUrl });
    const starts = [start, start, () => Contender.start('bare redis', { redisUrl })];
    return withContenders(starts, async ([here, there, bare]) => {
      const subscriber = new Worker<RedisSubscriberHandlers>('./load/redis-subscriber.ts');
      try {
        await subscriber.call('connect', { url: redisUrl, channel: 'bare' });
        await sleep(500); // until the connections to Redis are open
        await there!.connect(1);
        const latencies: Record<string, number[][]> = { [MODULE]: [], 'bare PUBLISH → SUBSCRIBE': [] };
        for (let run = -1; run < context.runs; run += 1) {
          await there!.load.call('sample', { every: 1 });
          await publishSlowly(here!, CHANNEL, context);
          const { latencies: ours } = await there!.load.call('samples', undefined);
          await publishSlowly(bare!, 'bare', context);
          const theirs = await subscriber.call('samples', undefined);
          if (run < 0) continue;
          latencies[MODULE]!.push(ours);
          latencies['bare PUBLISH → SUBSCRIBE']!.push(theirs);
        }
        return [0.5, 0.99].map((part) => {
          const columns = Object.fromEntries(
            Object.entries(latencies).map(([column, runs]) => [column, runs.map((run) => quantile(run, part) / 1_000)]),
          );
          const row: Row = {
            group: 'redis-latency',
            what: `emit to a socket of another instance through Redis, p${part * 100}`,
            unit: 'ms',
            n: 1,
            b: 1,
            columns,
            targets: part === 0.5 ? [{ kind: 'within', of: 'bare PUBLISH → SUBSCRIBE', times: 2 }] : [],
          };
          context.done(row);
          return row;
        });
      } finally {
        await subscriber.stop();
      }
    });
  });
}

async function publishSlowly({ server }: Contender, channel: string, { quick }: Context): Promise<void> {
  const seconds = quick ? 1 : 4;
  await server.call('openLoop', { channel, perSecond: EVENTS_PER_SECOND, seconds, bytes: EVENT_BYTES });
  await sleep(200);
}
