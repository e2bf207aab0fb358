import { sleep } from '../clock.js';
import { CHANNEL } from '../channel.js';
import { Contender, EVENT_BYTES, withContenders } from '../contender.js';
import { quantile } from '../statistics.js';
import type { Context } from './context.js';
import { columnOf } from './fan-out.js';
import { MODULE, type Row } from './row.js';

const N = 1_000;
/** Levels in deliveries per second, tried in order until the server does not sustain one. */
const RATES = [25_000, 50_000, 75_000, 100_000, 150_000, 200_000, 300_000, 400_000, 600_000, 800_000, 1_200_000];
/** Limit of the p99 latency at a sustained level, where no event is lost. An overloaded server is seconds behind. */
const HELD_P99_MS = 500;

export interface Level {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly held: boolean;
}

/** Events at a fixed, rising rate without backpressure: the sustained rate with a bounded latency, and the latency at each level. */
export async function openLoopRows(context: Context): Promise<Row[]> {
  const seconds = context.quick ? 1 : 3;
  const starts = (['module', 'ws', 'socket.io'] as const).map((peer) => () => Contender.start(peer));
  return withContenders(starts, async (contenders) => {
    const sustained = Object.fromEntries(contenders.map(({ name }) => [columnOf(name), [] as number[]]));
    const seen = new Map<string, Level[]>();
    for (const contender of contenders) {
      await contender.connect(N);
      await level(contender, RATES[0]!, 1);
    }
    for (let run = 0; run < context.runs; run += 1) {
      for (const contender of contenders) {
        let best = 0;
        for (const rate of RATES) {
          const result = await level(contender, rate, seconds);
          const key = `${columnOf(contender.name)} ${rate}`;
          seen.set(key, [...(seen.get(key) ?? []), result]);
          if (!result.held) break;
          best = rate;
        }
        sustained[columnOf(contender.name)]!.push(best);
      }
    }
    const row: Row = {
      group: 'open-loop',
      what: `deliveries per second held with p99 ≤ ${HELD_P99_MS} ms`,
      unit: '/s',
      n: N,
      b: null,
      columns: sustained,
      targets: [{ kind: 'more', than: 'ws', times: 5 }],
    };
    context.done(row);
    const rows = [row, ...RATES.flatMap((rate) => latencyRows(rate, seen))];
    for (const latency of rows.slice(1)) context.done(latency);
    return rows;
  });
}

async function level(contender: Contender, rate: number, seconds: number): Promise<Level> {
  const { server, load } = contender;
  await load.call('reset', undefined);
  await load.call('sample', { every: 50 });
  const { published, lateMs } = await server.call('openLoop', {
    channel: CHANNEL,
    perSecond: rate / N,
    seconds,
    bytes: EVENT_BYTES,
  });
  const all = load.call('until', { count: published * N }).then(() => true);
  const complete = await Promise.race([all, sleep(15_000).then(() => false)]);
  const { latencies } = await load.call('samples', undefined);
  const [p50, p99] = [quantile(latencies, 0.5) / 1_000, quantile(latencies, 0.99) / 1_000];
  return { rate, p50, p99, held: complete && p99 <= HELD_P99_MS && lateMs < HELD_P99_MS };
}

function latencyRows(rate: number, seen: ReadonlyMap<string, readonly Level[]>): Row[] {
  return (['p50', 'p99'] as const).flatMap((part) => {
    const columns = Object.fromEntries(
      [MODULE, 'ws', 'Socket.IO'].flatMap((column) => {
        const levels = seen.get(`${column} ${rate}`) ?? [];
        return levels.length > 0 ? [[column, levels.map((one) => one[part])]] : [];
      }),
    );
    if (columns[MODULE] === undefined) return [];
    const what = `latency ${part} at ${rate.toLocaleString('en-US')} deliveries per second`;
    return [{ group: 'open-loop', what, unit: 'ms', n: N, b: null, columns, targets: [] }];
  });
}
