import { formatPosition, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { ReadLimits } from '../broker/broker.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { FanOut } from './fan-out.js';
import { CLOSED_FEED, PausedFeed, type Subscription } from '../connections/subscription.js';
import type { Counters } from '../observability/counters.js';
import { tenantOf } from '../tenants/topic.js';
import { CatchUp } from './catch-up.js';
import type { ChannelStream } from './channel-stream.js';
import { ResyncSpread } from './resync-spread.js';
import type { SharedReads } from './shared-reads.js';

/** Routes the events of each subscription: to a catch-up, to nowhere while it is paused, or directly to its socket. */
export class Feeds {
  private readonly resyncs = new ResyncSpread((subscription, reason) => this.resync(subscription, reason));

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly fanOut: FanOut,
    private readonly reads: SharedReads,
    private readonly limits: ReadLimits,
    private readonly counters: Counters,
    private readonly streamOf: (topic: string) => ChannelStream | undefined,
  ) {}

  /**
   * Creates the catch-up of a subscription.
   * @param at position of the last event that the client has; `null` without history
   */
  catchUp(subscription: Subscription, stream: ChannelStream, at: Position | null): CatchUp {
    const source = {
      get position() {
        return stream.position;
      },
      flush: () => this.fanOut.flush(stream.topic),
      readAfter: (after: Position) => this.reads.after(stream, after),
      readLast: (count: number) => this.reads.last(stream, count),
    };
    const tenant = tenantOf(stream.topic);
    const catchUp = new CatchUp(subscription, source, this.limits, at, () =>
      this.counters.countReplayed(subscription.topic, tenant),
    );
    subscription.feed = catchUp;
    return catchUp;
  }

  /** Reports that continuity of this channel was lost after `from`. With many connections, the notices are spread over time. */
  resyncAll(topic: string, reason: RecoveryReason, from: Position): void {
    this.fanOut.flush(topic);
    const live: Subscription[] = [];
    for (const subscription of this.registry.subscribersOf(topic)) {
      if (subscription.feed === null) live.push(subscription);
      else subscription.feed.reset();
    }
    this.resyncs.start(live, reason, from, this.registry.size);
  }

  /** Sends `resync`. The client continues from the current position of this instance and receives all later events. */
  private resync(subscription: Subscription, reason: RecoveryReason): void {
    const { topic, channel, connection } = subscription;
    this.fanOut.flush(topic);
    subscription.feed = null;
    const position = this.streamOf(topic)?.position;
    if (position) connection.send({ type: 'resync', channel, lastEventId: formatPosition(position), reason });
  }

  /** Stops sending events to this subscription, and remembers the position of its client. */
  pause(subscription: Subscription): void {
    const { topic } = subscription;
    this.fanOut.flush(topic);
    const { feed } = subscription;
    const stream = this.streamOf(topic);
    if (stream === undefined || feed === CLOSED_FEED || feed instanceof PausedFeed) return;
    const paused = new PausedFeed(feed === null ? stream.position : feed.position);
    paused.missed = subscription.connection.sendBuffer.dropHeld(topic);
    subscription.feed = paused;
  }

  /** Makes a paused subscription live again: replays the events that it missed, like a resume, or sends `resync`. */
  resume(subscription: Subscription): void {
    const { topic, channel, connection } = subscription;
    this.fanOut.flush(topic);
    const { feed } = subscription;
    const stream = this.streamOf(topic);
    if (stream === undefined || !(feed instanceof PausedFeed)) return;
    const { position, missed } = feed;
    if (position !== null) {
      const catchUp = this.catchUp(subscription, stream, position);
      if (missed) catchUp.reset();
      catchUp.start();
    } else {
      subscription.feed = null;
      if (missed) connection.send({ type: 'resync', channel, reason: 'no_history' });
    }
    this.registry.resumed(subscription);
  }
}
