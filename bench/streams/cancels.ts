import { microseconds, sleep } from '../clock.js';
import { withRedis } from '../redis.js';
import { quantile } from '../statistics.js';
import { Worker } from '../worker.js';
import type { StreamHandlers } from './serve.js';
import { StreamTap } from './stream-tap.js';

/** Each client reads and cancels this number of streams: a connection handles one request after the other. */
const STREAMS_PER_CLIENT = 10;
const TOKEN = 'tok ';
/** Mean interval between two cancellations, in milliseconds. */
const PAUSE_MS = 20;

export interface CancelPlan {
  readonly cancels: number;
  /** Number of open streams. */
  readonly streams: number;
  /** Interval of the writes to each of them, in milliseconds. */
  readonly everyMs: number;
}

/** Time from the request of a client until the signal of the writer is aborted, in milliseconds. */
export interface CancelTimes {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
  /** Parts that readers received in a second meanwhile. */
  readonly partsPerSecond: number;
  /** Longest delay of the event loop of the instance that writes, in milliseconds. */
  readonly loopMax: number;
}

/** Cancels streams of one instance through another, over Redis: first while nothing is written, then while all of them are. */
export function cancelTimes({ cancels, streams, everyMs }: CancelPlan): Promise<CancelTimes[]> {
  const channels = Array.from({ length: streams }, (_, index) => `chats:${index}:answer`);
  return withRedis(async (redisUrl) => {
    const [writing, reading] = [instance(), instance()];
    const taps: StreamTap[] = [];
    try {
      const { port } = await reading.call('start', { redisUrl });
      await writing.call('start', { redisUrl });
      await writing.call('open', { channels });
      for (let at = 0; at < streams; at += STREAMS_PER_CLIENT) {
        const tap = await StreamTap.open(port);
        taps.push(tap);
        await tap.read(channels.slice(at, at + STREAMS_PER_CLIENT));
      }
      const measure = async (what: string): Promise<CancelTimes> => {
        for (const tap of taps) tap.reset();
        await writing.call('watchLoop', undefined);
        const from = microseconds();
        const times = await cancelInTurn(writing, taps, channels, cancels);
        const partsPerSecond = sumOf(taps, ({ frames }) => frames) / ((microseconds() - from) / 1e6);
        const loopMax = await writing.call('loopDelay', undefined);
        const quantiles = { p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: quantile(times, 1) };
        return { what, ...quantiles, count: times.length, partsPerSecond, loopMax };
      };
      const quiet = await measure(`${streams} open streams, nothing is written`);
      await writing.call('writeAll', { everyMs, text: TOKEN });
      const busy = await measure(`${streams} open streams, a token every ${everyMs} ms in each`);
      await writing.call('rest', undefined);
      return [quiet, busy];
    } finally {
      for (const tap of taps) tap.close();
      await Promise.all([writing.stop(), reading.stop()]);
    }
  });
}

/** The requests do not wait for each other. @returns the times in milliseconds */
async function cancelInTurn(
  writing: Worker<StreamHandlers>,
  taps: readonly StreamTap[],
  channels: readonly string[],
  cancels: number,
): Promise<number[]> {
  const times: number[] = [];
  const before = sumOf(taps, ({ answers }) => answers);
  const order = channels.toSorted((one, other) => reversed(one).localeCompare(reversed(other)));
  for (let at = 0; at < cancels; at += channels.length) {
    const sentAt = new Map<string, number>();
    for (const channel of order.slice(0, cancels - at)) {
      const tap = taps[Math.floor(channels.indexOf(channel) / STREAMS_PER_CLIENT)]!;
      sentAt.set(channel, microseconds());
      tap.send({ type: 'stream_cancel', channel });
      await sleep(Math.random() * 2 * PAUSE_MS);
    }
    while (sumOf(taps, ({ answers, refusals }) => answers + refusals) - before < at + sentAt.size) await sleep(5);
    const cancelledAt = await writing.call('cancellations', undefined);
    for (const [channel, from] of sentAt) times.push((cancelledAt[channel]! - from) / 1_000);
  }
  const refusals = sumOf(taps, (tap) => tap.refusals);
  if (refusals > 0) throw new Error(`${refusals} requests to cancel were refused`);
  return times;
}

const reversed = (text: string): string => Array.from(text).toReversed().join('');

function sumOf(taps: readonly StreamTap[], numberOf: (tap: StreamTap) => number): number {
  return taps.reduce((sum, tap) => sum + numberOf(tap), 0);
}

function instance(): Worker<StreamHandlers> {
  return new Worker<StreamHandlers>('./streams/serve.ts');
}
