import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import type * as Realtime from '../../src/realtime/index.js';
import { microseconds, sleep } from '../clock.js';
import { SECRET } from '../tokens.js';
import { answerCalls } from '../worker.js';

const LARGE = 1_000_000_000;

/** The limits are raised, because one client stands for many. */
const LIMITS = {
  ...{ framesPerSecond: 100_000, maxConnectionsPerAddress: 100_000, maxSubscriptionsPerConnection: 100_000 },
  ...{ requestBytesPerSecond: LARGE, requestBytesPerSecondOfUser: LARGE, requestBytesPerSecondOfAddress: LARGE },
  ...{ handshakesPerSecond: 100_000, handshakesPerSecondPerUser: 100_000, maxEventLoopDelayMs: 60_000 },
};

let streams: Realtime.RealtimeStreams;
const writers = new Map<string, Realtime.StreamWriter>();
/** Time at which each channel was cancelled last, in microseconds of the shared clock. */
const cancelledAt = new Map<string, number>();
let isWriting = false;
const loopDelay = monitorEventLoopDelay({ resolution: 1 });

async function open(channel: string): Promise<void> {
  const writer = await streams.open(channel);
  writers.set(channel, writer);
  writer.signal.addEventListener('abort', () => {
    cancelledAt.set(channel, microseconds());
    writers.delete(channel);
    void writer.end().then(() => open(channel));
  });
}

const handlers = {
  /** Starts an instance of the built module (`BENCH_DIST`, or `dist`). */
  async start({ redisUrl }: { readonly redisUrl?: string }): Promise<{ port: number }> {
    const built = pathToFileURL(`${process.env['BENCH_DIST'] ?? 'dist'}/realtime/index.js`).href;
    const { RealtimeModule, RealtimeStreams } = (await import(built)) as typeof Realtime;
    class RootModule {}
    const realtime = RealtimeModule.forRoot({
      jwt: { secret: SECRET },
      channels: [{ name: 'chats:{chatId}:answer', access: 'public', stream: { cancel: 'public' } }],
      ...LIMITS,
      ...(redisUrl === undefined ? {} : { redis: { url: redisUrl } }),
    });
    const app = await NestFactory.create({ module: RootModule, imports: [realtime] }, { logger: ['error', 'warn'] });
    await app.listen(0, '127.0.0.1');
    streams = app.get(RealtimeStreams);
    return { port: ((app.getHttpServer() as Server).address() as AddressInfo).port };
  },

  /** Opens streams. One that is cancelled is opened again. */
  async open({ channels }: { readonly channels: readonly string[] }): Promise<void> {
    for (const channel of channels) await open(channel);
  },

  /** Writes a text to each open stream, at this interval until {@link rest}. */
  writeAll({ everyMs, text }: { readonly everyMs: number; readonly text: string }): void {
    isWriting = true;
    const loop = async (channel: string): Promise<void> => {
      await sleep(Math.random() * everyMs);
      while (isWriting) {
        void writers.get(channel)?.write(text);
        await sleep(everyMs);
      }
    };
    for (const channel of writers.keys()) void loop(channel);
  },

  rest(): void {
    isWriting = false;
  },

  cancellations(): Record<string, number> {
    return Object.fromEntries(cancelledAt);
  },

  /** Writes tokens to one stream. @param everyMs their interval; `null` for as fast as they are accepted */
  async write({ channel, token, count, everyMs }: Tokens): Promise<void> {
    const writer = writers.get(channel)!;
    const startedAt = microseconds();
    for (let written = 0; written < count; written += 1) {
      if (everyMs === null) await writer.write(token);
      else {
        void writer.write(token);
        await sleep((written + 1) * everyMs - (microseconds() - startedAt) / 1_000);
      }
    }
    await writer.flush();
  },

  /** Writes parts to one stream: several in a turn of the event loop, or each in another. */
  async writeParts({ channel, text, count, perTurn }: Parts): Promise<void> {
    const writer = writers.get(channel)!;
    for (let written = 0; written < count; written += 1) {
      await writer.write(text);
      await writer.flush();
      if ((written + 1) % perTurn === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
  },

  /** Measures the delay of the event loop from now on. */
  watchLoop(): void {
    loopDelay.reset();
    loopDelay.enable();
  },

  /** Returns its longest delay since then, in milliseconds. */
  loopDelay(): number {
    return loopDelay.max / 1e6;
  },

  /** Returns the CPU time of this process so far, over all threads, in microseconds. */
  cpu(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
};

interface Tokens {
  readonly channel: string;
  readonly token: string;
  readonly count: number;
  readonly everyMs: number | null;
}

interface Parts {
  readonly channel: string;
  readonly text: string;
  readonly count: number;
  readonly perTurn: number;
}

export type StreamHandlers = typeof handlers;

answerCalls(handlers);
