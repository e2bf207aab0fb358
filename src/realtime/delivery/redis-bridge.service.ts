import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { formatPosition, isEventBody, isLimitedBody, ProtocolError } from '../../protocol/index.js';
import {
  Broker,
  type BrokerEvent,
  type BrokerStatus,
  type BrokerHealth,
  type HistoryWindow,
  type ReadLimits,
} from '../broker/broker.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { Channel } from '../channels/channel-catalogue.js';
import { StateFields } from '../channels/fields/state-fields.js';
import { topicFor } from '../channels/topic-for.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { FanOut } from './fan-out.js';
import { CLOSED_FEED, type Subscription } from '../connections/subscription.js';
import { Counters } from '../observability/counters.js';
import { ForeignData } from '../observability/foreign-data.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { RequestBudget } from '../timing/request-budget.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { channelOf } from '../tenants/topic.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { retry } from '../timing/retry.js';
import { CheckedReads } from './checked-reads.js';
import { ChannelStream, type StreamOutput } from './channel-stream.js';
import { Feeds } from './feeds.js';
import { outputFor, type Follower } from './follower.js';
import type { Attachment, OpenChannel } from './open-channel.js';
import { HistoryPages } from './history-pages.js';
import { Joins, type AttachFrom } from './joins.js';
import { ReplayAdmission } from './replay-admission.js';
import { SharedReads } from './shared-reads.js';

/** How long a channel without subscribers stays open, in milliseconds. Covers the reload of a page. */
const IDLE_CLOSE_MS = 2_000;
/** Delay before the broker is asked again after it did not answer, in milliseconds. */
const RETRY_MS = 500;

/**
 * Routes events between the connections of this instance and the broker. The broker links all instances over Redis, or works
 * within this process if Redis is not configured. A channel is opened for its first subscriber and closed after its last one.
 * @hideconstructor
 */
@Injectable()
export class RedisBridge implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new SafeLogger('Realtime');
  private readonly log = new LogLimiter(this.logger);
  /** By topic. */
  private readonly open = new Map<string, OpenChannel>();
  private readonly limits: ReadLimits;
  private readonly admission: ReplayAdmission;
  private readonly foreign: ForeignData;
  private readonly reads: CheckedReads;
  private readonly output: StreamOutput;
  /** @internal */
  readonly feeds: Feeds;
  /** @internal */
  readonly pages: HistoryPages;
  private readonly joins: Joins;
  /** Takes messages to the topic of a channel that are not events. Returns false for an event. @internal */
  onNotice: ((topic: string, body: string) => boolean) | null = null;
  private isShutDown = false;
  private readonly closeTimer = setInterval(
    safely('Closing idle channels', () => this.closeIdle()),
    IDLE_CLOSE_MS / 2,
  ).unref();

  constructor(
    private readonly broker: Broker,
    private readonly registry: ConnectionRegistry,
    private readonly fanOut: FanOut,
    private readonly counters: Counters,
    private readonly clock: RealtimeClock,
    options: ResolvedRealtimeOptions,
    budget: RequestBudget,
  ) {
    this.admission = new ReplayAdmission(budget);
    clock.onAdvance(() => this.closeIdle());
    this.limits = { maxEvents: options.recoveryMaxEvents, maxBytes: options.recoveryMaxBytes };
    this.foreign = new ForeignData(counters);
    this.reads = new CheckedReads(broker, this.foreign);
    const shared = new SharedReads(this.reads, this.limits);
    this.feeds = new Feeds(registry, fanOut, shared, this.limits, counters, (topic) => this.open.get(topic)?.stream);
    this.pages = new HistoryPages(this.reads, this.limits, (topic, { fields }, after) => {
      const stream = this.open.get(topic)?.stream;
      return stream === undefined ? shared.stored({ topic, fields }, after) : shared.after(stream, after);
    });
    this.joins = new Joins(this.feeds, this.admission, this.limits);
    this.output = {
      deliver: (topic, frame) => {
        if (frame.fields instanceof StateFields) this.feeds.beforePatch(topic, frame);
        fanOut.deliver(topic, frame);
      },
      reset: (topic, reason, _top, from) => this.feeds.resyncAll(topic, reason, from),
      onGap: (filled) => {
        counters.gapsFound += 1;
        if (filled) counters.gapsFilled += 1;
      },
      onForged: (topic, delivered) => this.onForged(topic, delivered),
    };
    broker.listen({
      event: (topic, event) => {
        const open = this.open.get(topic);
        if (open?.isInternal === true) open.stream.receive(event);
        else if (this.onNotice !== null && event.position === null && this.onNotice(topic, event.body)) return;
        else if (isEventBody(channelOf(topic), event.body)) this.receive(topic, event);
        else this.foreign.skipped('A message of a channel', new Error('it is not an event of this channel'));
      },
      position: (topic, position, mark) => this.open.get(topic)?.stream.check(position, mark),
    });
  }

  /** Reports whether events can be published and received, and the reason if they cannot. Used for readiness. */
  get status(): BrokerStatus {
    return this.broker.status;
  }

  /** Health of the broker: its publish queue, and when this instance last received its own ping. */
  get brokerHealth(): BrokerHealth {
    return this.broker.health;
  }

  /**
   * Subscribes a connection to a channel to which it is not subscribed yet.
   * @param from where it resumes or rewinds to; default: live events only
   * @returns `null` if the connection closed in the meantime
   * @throws ProtocolError `unavailable` if the broker does not answer, `rate_limited` if the client opened too many channels
   * @internal
   */
  async attach(
    connection: Connection,
    name: string,
    channel: Channel,
    { lastEventId, last, state = false }: AttachFrom = {},
  ): Promise<Attachment | null> {
    const topic = topicFor(connection.principal, name, channel);
    if (!this.open.has(topic)) await this.admission.newChannel(connection, name);
    const open = this.openChannel(topic, channel);
    open.joining += 1;
    open.closeAt = Infinity;
    try {
      await open.opening;
      // The client may hold the state with the fields of another role, which no patch would correct.
      const isOtherView = state && channel.fields?.restricts === true;
      const resume =
        lastEventId === undefined || isOtherView
          ? null
          : await this.admission.replay(connection, open.stream, lastEventId);
      if (this.registry.get(connection.id) === undefined) return null; // closed in the meantime
      this.fanOut.flush(topic);
      const subscription = this.registry.subscribe(connection, name, topic);
      subscription.state = state;
      const rewind = last === undefined || channel.readable ? last : 0;
      return await this.joins.join(connection, subscription, open.stream, resume, rewind);
    } catch (error) {
      const subscription = connection.subscriptions.get(name);
      if (subscription !== undefined) this.detach(subscription);
      if (error instanceof RealtimeUnavailableError) throw new ProtocolError('unavailable', { channel: name });
      throw error;
    } finally {
      open.joining -= 1;
      this.scheduleClose(topic, open);
    }
  }

  /**
   * Returns the position of a subscription as an event id. All events up to it are sent before this returns. Returns `undefined`
   * without history, during a catch-up, and while events wait until a slow client has read more.
   * @internal
   */
  positionOf({ topic, feed, connection }: Subscription): string | undefined {
    this.fanOut.flush(topic);
    const isSent = feed === null && !connection.sendBuffer.holds(topic);
    const position = isSent ? this.open.get(topic)?.stream.position : undefined;
    return position ? formatPosition(position) : undefined;
  }

  /** Ends a subscription. No event of the channel is sent to it afterwards. @internal */
  detach(subscription: Subscription): void {
    subscription.feed = CLOSED_FEED;
    subscription.connection.sendBuffer.dropHeld(subscription.topic);
    const wasLast = this.registry.unsubscribe(subscription);
    const open = this.open.get(subscription.topic);
    if (wasLast && open !== undefined) this.scheduleClose(subscription.topic, open);
  }

  /**
   * Subscribes this instance to an internal channel between instances, until shutdown. Clients cannot name such channels. Retries
   * while the broker does not answer.
   * @internal
   */
  follow(name: string, history: HistoryWindow | null, follower: Follower): Promise<void> {
    const output = outputFor(follower, (error) => this.foreign.skipped(`A message on ${name}`, error));
    const onForged = (topic: string, delivered: boolean): void => this.onForged(topic, delivered);
    const stream = new ChannelStream(name, this.broker, this.limits, { ...output, onForged });
    const opening = this.subscribeUntilAnswered(name, history, stream);
    this.open.set(name, { stream, opening, joining: 1, closeAt: Infinity, isInternal: true });
    return opening;
  }

  private onForged(topic: string, delivered: boolean): void {
    this.counters.foreignMessages += 1;
    const consequence = delivered ? 'was delivered; clients have to reload' : 'was skipped';
    this.log.warn(
      'forged',
      `An event on ${topic} was published by another program and ${consequence}. Check who can PUBLISH on the channels of this installation: docs/redis.md`,
    );
  }

  onApplicationBootstrap(): void {
    this.broker.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isShutDown = true;
    clearInterval(this.closeTimer);
    for (const { stream } of this.open.values()) stream.close();
    this.open.clear();
    await this.broker.close();
  }

  private async subscribeUntilAnswered(
    name: string,
    history: HistoryWindow | null,
    stream: ChannelStream,
  ): Promise<void> {
    const subscribe = async (): Promise<void> => stream.opened(await this.broker.subscribe(name, history));
    await retry(subscribe, RETRY_MS, () => this.isShutDown);
  }

  private receive(topic: string, event: BrokerEvent): void {
    const stream = this.open.get(topic)?.stream;
    if (stream === undefined) return;
    if (stream.fields === null && isLimitedBody(event.body)) {
      this.counters.invalidEvents.add('withheld');
      this.log.warn(
        `withheld ${topic}`,
        `The data of events to ${channelOf(topic)} is withheld: the emitting instance restricts fields of this channel, and this instance has no class for it. Give its definition the same \`data\``,
      );
    }
    stream.receive(event);
  }

  private openChannel(topic: string, channel: Channel): OpenChannel {
    const known = this.open.get(topic);
    if (known !== undefined) return known;
    const stream = new ChannelStream(topic, this.reads, this.limits, this.output, channel.fields);
    const opening = this.broker.subscribe(topic, channel.history).then(
      (position) => stream.opened(position),
      (error: unknown) => {
        // The next subscriber tries again.
        this.open.delete(topic);
        throw error;
      },
    );
    const open: OpenChannel = { stream, opening, joining: 0, closeAt: Infinity };
    this.open.set(topic, open);
    return open;
  }

  private scheduleClose(topic: string, open: OpenChannel): void {
    const idle = open.joining === 0 && this.registry.subscribersOf(topic).size === 0;
    open.closeAt = idle ? this.clock.now() + IDLE_CLOSE_MS : Infinity;
  }

  private closeIdle(): void {
    const now = this.clock.now();
    for (const [topic, open] of this.open) {
      if (open.closeAt > now) continue;
      this.open.delete(topic);
      open.stream.close();
      this.broker
        .unsubscribe(topic)
        .catch((error: unknown) => this.logger.warn(`Unsubscribing from ${topic} failed: ${String(error)}`));
    }
  }
}
