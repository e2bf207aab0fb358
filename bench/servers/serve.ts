import { monitorEventLoopDelay } from 'node:perf_hooks';
import { microseconds, sleep } from '../clock.js';
import { answerCalls } from '../worker.js';
import type { Peer, PeerSettings } from './peer.js';
import { PEERS, type PeerName } from './peers.js';

let peer: Peer;
const loopDelay = monitorEventLoopDelay({ resolution: 1 });
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Creates an event with its creation time, of about 200 bytes on the wire or of the requested size. */
function eventData(bytes: number, at = microseconds()): object {
  const filler = 'It is the same for everyone who is subscribed. ';
  const padding = filler.repeat(Math.ceil(bytes / filler.length)).slice(0, Math.max(0, bytes - 150));
  return { id: 'app-1', name: padding, at };
}

const handlers = {
  async start(settings: PeerSettings): Promise<{ port: number }> {
    peer = await PEERS[process.argv[2] as PeerName](settings);
    return { port: peer.port };
  },

  /**
   * Publishes `batch` events in each of `turns` turns of the event loop, on the channels in rotation.
   * @returns the time of the first event
   */
  async publish({ channels, batch, turns, bytes, everyMs }: Burst): Promise<number> {
    const startedAt = microseconds();
    let published = 0;
    for (let turn = 0; turn < turns; turn += 1) {
      for (let event = 0; event < batch; event += 1) {
        void peer.publish(channels[published % channels.length]!, eventData(bytes));
        published += 1;
      }
      if (everyMs === undefined) await nextTurn();
      else await sleep((turn + 1) * everyMs - (microseconds() - startedAt) / 1_000);
    }
    return startedAt;
  },

  /** Publishes one event. @returns its id */
  async publishOne({ channel }: { channel: string }): Promise<string> {
    return ((await peer.publish(channel, eventData(200))) as { id: string }).id;
  },

  /** Publishes at a fixed rate without waiting for delivery. @returns the number of events, and the delay of the last one */
  async openLoop({ channel, perSecond, seconds, bytes }: OpenLoop): Promise<{ published: number; lateMs: number }> {
    const startedAt = microseconds();
    const total = Math.round(perSecond * seconds);
    let published = 0;
    while (published < total) {
      const due = Math.min(total, Math.floor(((microseconds() - startedAt) / 1e6) * perSecond) + 1);
      for (; published < due; published += 1) {
        // Latency counts from the due time: a server that blocks its emitter must not look faster.
        const dueAt = Math.round(startedAt + (published / perSecond) * 1e6);
        void peer.publish(channel, eventData(bytes, dueAt));
      }
      await sleep(1);
    }
    return {
      published,
      lateMs: (microseconds() - startedAt) / 1e3 - seconds * 1e3,
    };
  },

  /** Publishes with a fixed number of unacknowledged events. @returns acknowledged events per second of wall-clock time */
  async acknowledged({ channels, window, seconds, bytes }: Acknowledged): Promise<number> {
    const startedAt = performance.now();
    const until = startedAt + seconds * 1_000;
    let done = 0;
    const publishOn = async (): Promise<void> => {
      while (performance.now() < until) {
        await peer.publish(channels[done % channels.length]!, eventData(bytes));
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: window }, publishOn));
    return done / ((performance.now() - startedAt) / 1_000);
  },

  /** Returns the CPU time of this process so far, over all threads, in microseconds. */
  cpu(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  },

  /** Starts to measure the delay of the event loop. */
  watchLoop(): void {
    loopDelay.reset();
    loopDelay.enable();
  },

  /** Returns the delay since then, in milliseconds. */
  loopDelay(): { p99: number; max: number } {
    loopDelay.disable();
    return { p99: loopDelay.percentile(99) / 1e6, max: loopDelay.max / 1e6 };
  },

  /** Returns the resident memory after a garbage collection, in bytes. */
  async memory(): Promise<number> {
    for (let round = 0; round < 3; round += 1) {
      (globalThis as { gc?: () => void }).gc?.();
      await sleep(100);
    }
    return process.memoryUsage.rss();
  },
};

interface Burst {
  /** Interval of the turns, in milliseconds. @default none: one after the other */
  readonly everyMs?: number;
  readonly channels: readonly string[];
  readonly batch: number;
  readonly turns: number;
  readonly bytes: number;
}

interface OpenLoop {
  readonly channel: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly bytes: number;
}

interface Acknowledged {
  readonly channels: readonly string[];
  readonly window: number;
  readonly seconds: number;
  readonly bytes: number;
}

export type ServerHandlers = typeof handlers;

answerCalls(handlers);
