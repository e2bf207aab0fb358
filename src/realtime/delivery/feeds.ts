import { formatPosition, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { ReadLimits } from '../broker/broker.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { FanOut } from './fan-out.js';
import { CLOSED_FEED, PausedFeed, type Subscription } from '../connections/subscription.js';
import type { Counters } from '../observability/counters.js';
import { tenantOf } from '../tenants/topic.js';
import type { EventFrame } from '../connections/event-frame.js';
import { CatchUp } from './catch-up.js';
import type { ChannelStream } from './channel-stream.js';
import { ResyncSpread } from './resync-spread.js';
import { StateFeed } from './state-feed.js';
import type { StateSource } from './state-source.js';
import type { SharedReads } from './shared-reads.js';

/** Routes the events of each subscription: to a catch-up, to nowhere while it is paused, or directly to its socket. */
export class Feeds {
  /** The states of channels; `null` if no channel has one. */
  states: StateSource | null = null;
  /** Called for each event of a channel with a state. */
  onPatch: (topic: string, position: Position) => void = () => undefined;
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
    const onDelivered = (): void => this.counters.countReplayed(subscription.topic, tenant);
    const sendState = subscription.state ? () => this.sendState(subscription) : null;
    const catchUp = new CatchUp(subscription, source, this.limits, at, onDelivered, sendState);
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
    this.startResyncs(live, reason, from);
  }

  private startResyncs(live: readonly Subscription[], reason: RecoveryReason, from: Position): void {
    // A subscription that is paused before its notice still needs the state.
    for (const subscription of live) if (subscription.state) subscription.stateDue = true;
    this.resyncs.start(live, reason, from, this.registry.size);
  }

  /** Sends `resync`. The client continues from the current position of this instance and receives all later events. */
  private resync(subscription: Subscription, reason: RecoveryReason): void {
    const { topic, channel, connection } = subscription;
    this.fanOut.flush(topic);
    if (subscription.state) return this.sendState(subscription);
    // They are older than the position from which the client continues.
    connection.sendBuffer.dropHeld(topic);
    subscription.feed = null;
    const position = this.streamOf(topic)?.position;
    if (position) connection.send({ type: 'resync', channel, lastEventId: formatPosition(position), reason });
  }

  /**
   * Handles an event of a channel with a state before it is delivered: subscriptions with a state receive the state instead of an
   * event without a change.
   */
  beforePatch(topic: string, { isReload, position }: EventFrame): void {
    if (position !== null) this.onPatch(topic, position);
    if (!isReload) return;
    this.fanOut.flush(topic);
    const live = [...this.registry.subscribersOf(topic)].filter(({ state, feed }) => state && feed === null);
    if (position !== null) this.startResyncs(live, 'expired', position);
  }

  /** Sends the state of the channel, and then the events after its position. While the subscription is paused, later. */
  sendState(subscription: Subscription): void {
    const { topic } = subscription;
    const { states } = this;
    subscription.stateDue = true;
    if (states === null || subscription.isPaused || subscription.feed === CLOSED_FEED) return;
    // Events that wait for a slow client are older than the state.
    subscription.connection.sendBuffer.dropHeld(topic);
    const goOn = (position: Position, isDoubtful: boolean): void => {
      const stream = this.streamOf(topic);
      if (stream === undefined) return;
      subscription.stateDue = false;
      const catchUp = this.catchUp(subscription, stream, position);
      if (isDoubtful) catchUp.reset();
      catchUp.start();
    };
    const feed = new StateFeed(subscription, states, goOn, (type) => this.counters.framesSent.add(type));
    subscription.feed = feed;
    feed.start();
  }

  /** Stops sending events to this subscription, and remembers the position of its client. */
  pause(subscription: Subscription): void {
    const { topic } = subscription;
    this.fanOut.flush(topic);
    const { feed } = subscription;
    const stream = this.streamOf(topic);
    if (stream === undefined || feed === CLOSED_FEED || feed instanceof PausedFeed) return;
    const paused = feed?.pause?.() ?? new PausedFeed(feed === null ? stream.position : feed.position);
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
    if (feed.continue()) {
      this.registry.resumed(subscription);
      return;
    }
    const { position, missed } = feed;
    if (subscription.stateDue) {
      subscription.feed = null;
      this.sendState(subscription);
    } else if (position !== null) {
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
