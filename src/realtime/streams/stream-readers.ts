import { ProtocolError, type StreamFrom, type StreamInfo } from '../../protocol/index.js';
import type { Channel } from '../channels/channel-catalogue.js';
import type { Subscription } from '../connections/subscription.js';
import type { Counters } from '../observability/counters.js';
import type { FanOut } from '../delivery/fan-out.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { StreamReader } from './stream-reader.js';
import type { StreamStore } from './stream-store.js';
import { WatchedStream } from './watched-stream.js';

/** Time after which the state of a stream that is not open is read again, in milliseconds. */
const IDLE_CHECK_MS = 60_000;
/** Number of checks in a lease. Each reads at most this share of all states, or the minimum. */
export const CHECKS_PER_LEASE = 60;
const MIN_READS_PER_CHECK = 20;

/** A reader that was created, and to which nothing was sent yet. */
export interface Joined {
  readonly info: StreamInfo;
  /** Number of bytes that follow now. */
  readonly behind: number;
  /** Begins to send. Call it after the client received `subscribed`. */
  start(): void;
}

/** The clients of this instance that read streams, by topic. */
export class StreamReaders {
  /** Streams with readers, by topic. */
  readonly watched = new Map<string, WatchedStream>();
  /** Topics whose first reader is being created, with their number. */
  private readonly joining = new Map<string, number>();
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(
    private readonly store: StreamStore,
    private readonly counters: Counters,
    private readonly fanOut: Pick<FanOut, 'collectFrame'>,
    private readonly now: () => number,
  ) {}

  /** Number of readers of a topic. */
  sizeOf(topic: string): number {
    return this.watched.get(topic)?.size ?? 0;
  }

  /** Takes a notice of a topic. */
  notice(topic: string, body: string): void {
    this.watched.get(topic)?.notice(body);
  }

  /**
   * Makes a subscription the reader of a stream. An earlier reader of the subscription ends.
   * @returns `null` if the subscription has ended meanwhile
   * @throws ProtocolError `unavailable`
   */
  async join(subscription: Subscription, channel: Channel, from: StreamFrom): Promise<Joined | null> {
    const { topic, connection } = subscription;
    const watched = this.watchedOf(subscription, channel);
    this.joining.set(topic, (this.joining.get(topic) ?? 0) + 1);
    try {
      await watched.refresh();
      if (connection.subscriptions.get(subscription.channel) !== subscription) return null;
      const reader = new StreamReader(subscription, watched, from);
      watched.add(reader);
      subscription.feed = reader;
      return { info: watched.info, behind: reader.behind, start: () => reader.start() };
    } catch (error) {
      this.failed(error);
      throw new ProtocolError('unavailable', { channel: subscription.channel });
    } finally {
      const joining = this.joining.get(topic)! - 1;
      if (joining > 0) this.joining.set(topic, joining);
      else this.joining.delete(topic);
      this.closeIdle(topic);
    }
  }

  /** Reads the state of streams of which nothing was heard, or whose last read failed: a notice can be lost, and a writer can be killed. */
  check(leaseMs: number): void {
    const now = this.now();
    const most = Math.max(MIN_READS_PER_CHECK, Math.ceil(this.watched.size / CHECKS_PER_LEASE));
    let reads = 0;
    for (const stream of this.watched.values()) {
      const isOpen = stream.id !== null && stream.end === null;
      if (!stream.isStale && now - stream.heardAt < (isOpen ? leaseMs * 0.75 : IDLE_CHECK_MS)) continue;
      if (reads === most) return;
      reads += 1;
      stream.look();
    }
  }

  private watchedOf({ topic, channel }: Subscription, { stream }: Channel): WatchedStream {
    const known = this.watched.get(topic);
    if (known !== undefined) return known;
    const watched = new WatchedStream({
      ...{ store: this.store, topic, channel, lines: stream?.lines === true, now: this.now },
      send: (connection, frame, skipped) => {
        if (connection.closing === true) return false;
        this.counters.framesSent.add('stream');
        this.counters.streamBytesSkipped += skipped;
        this.fanOut.collectFrame(connection, frame);
        return true;
      },
      reads: () => (this.counters.streamReads += 1),
      onIdle: () => this.closeIdle(topic),
      failed: (error) => this.failed(error),
    });
    this.watched.set(topic, watched);
    return watched;
  }

  private closeIdle(topic: string): void {
    if (this.sizeOf(topic) === 0 && !this.joining.has(topic)) this.watched.delete(topic);
  }

  private failed(error: unknown): void {
    this.log.warn('read', `A stream could not be read: ${String(error)}`);
  }
}
