import { ProtocolError } from '../../protocol/index.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { Subscription } from '../connections/subscription.js';
import { channelOf } from '../tenants/topic.js';
import { inTurns } from '../timing/in-turns.js';
import { keyOfTopic } from './keys.js';
import type { OccupancyStore } from './occupancy-store.js';

/** Minimum time between two counts of one channel for its watchers, in milliseconds. */
export const COUNT_MS = 1_000;
/** It is also at least this many times the duration of sending the last one. */
const SPACING_PER_SEND = 10;
/** Maximum number of channels that are read at once. */
const CHANNELS_PER_READ = 500;

/** A channel of which clients of this instance watch the count. */
interface Watched {
  readonly watchers: Set<Subscription>;
  /** The last count; `null` before the first one. */
  count: number | null;
  /** Time of the next read. */
  nextAt: number;
  /** The earliest time of the next read, if the count changes. */
  earliestAt: number;
}

/** Sends the number of subscriptions of channels, over all instances, to the clients that watch it. */
export class OccupancyWatchers {
  private readonly channels = new Map<string, Watched>();
  private readonly reads = new Map<string, Promise<number>>();
  private reading: Promise<void> | null = null;

  /** @param renewMs interval of reads without any hint of a change */
  constructor(
    private readonly store: OccupancyStore,
    private readonly renewMs: () => number,
    private readonly now: () => number,
  ) {}

  /** Sends each count from now on, until the subscription ends. @param known the last count that the client has */
  watch(subscription: Subscription, known: number | null = null): void {
    const { topic } = subscription;
    let watched = this.channels.get(topic);
    if (watched === undefined) {
      watched = { watchers: new Set(), count: null, nextAt: 0, earliestAt: 0 };
      this.channels.set(topic, watched);
    }
    watched.watchers.add(subscription);
    if (watched.count === null) watched.nextAt = 0;
    else if (watched.count !== known) send(subscription, frameOf(topic, watched.count));
  }

  unwatch(subscription: Subscription): void {
    const watched = this.channels.get(subscription.topic);
    if (watched?.watchers.delete(subscription) === true && watched.watchers.size === 0)
      this.channels.delete(subscription.topic);
  }

  /** Sends the count to a watcher that was paused, because it missed changes. */
  resumed(subscription: Subscription): void {
    if (this.channels.get(subscription.topic)?.watchers.has(subscription) === true) this.watch(subscription);
  }

  /** The stored count of a channel changed. */
  changed(topic: string): void {
    const watched = this.channels.get(topic);
    if (watched !== undefined) watched.nextAt = 0;
  }

  /** Returns the count of a channel. Concurrent calls share one read. @throws ProtocolError `unavailable` */
  async count(topic: string): Promise<number> {
    const watched = this.channels.get(topic);
    if (watched !== undefined && watched.count !== null && this.now() < watched.earliestAt) return watched.count;
    let read = this.reads.get(topic);
    if (read === undefined) {
      const key = keyOfTopic(topic);
      read = this.store.totals([key]).then((totals) => totals.get(key) ?? 0);
      read = read.finally(() => this.reads.delete(topic));
      this.reads.set(topic, read);
    }
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof RealtimeUnavailableError)) throw error;
      throw new ProtocolError('unavailable', { channel: channelOf(topic) });
    }
  }

  /** Reads the counts that are due, and sends those that changed. Rejects if the store is unavailable. */
  async round(): Promise<void> {
    if (this.reading !== null || this.channels.size === 0) return;
    this.reading = this.readDue().finally(() => (this.reading = null));
    await this.reading;
  }

  private async readDue(): Promise<void> {
    const now = this.now();
    const due: [string, Watched][] = [];
    for (const entry of this.channels) {
      if (entry[1].nextAt > now || entry[1].earliestAt > now) continue;
      due.push(entry);
      if (due.length === CHANNELS_PER_READ) break;
    }
    if (due.length === 0) return;
    for (const [, watched] of due) watched.nextAt = now + this.renewMs();
    const totals = await this.store.totals(due.map(([topic]) => keyOfTopic(topic)));
    for (const [topic, watched] of due) await this.sendCount(topic, watched, totals.get(keyOfTopic(topic)) ?? 0);
  }

  private async sendCount(topic: string, watched: Watched, count: number): Promise<void> {
    const start = this.now();
    watched.earliestAt = start + COUNT_MS;
    if (watched.count === count) return;
    watched.count = count;
    const frame = frameOf(topic, count);
    await inTurns(watched.watchers, (watcher) => {
      if (watched.watchers.has(watcher)) send(watcher, frame);
    });
    watched.earliestAt = Math.max(watched.earliestAt, start + SPACING_PER_SEND * (this.now() - start));
  }
}

function send(watcher: Subscription, frame: Buffer): void {
  if (!watcher.isPaused) watcher.connection.sendBuffer.send(frame);
}

/** Serialises a frame once for all watchers. */
function frameOf(topic: string, count: number): Buffer {
  const counts = { [channelOf(topic)]: count };
  return Buffer.from(JSON.stringify({ type: 'occupancy', counts, timestamp: new Date().toISOString() }));
}
