import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ProtocolError } from '../../protocol/index.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { RealtimeClock } from '../clock/realtime-clock.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry, type SubscriptionListener } from '../connections/connection-registry.js';
import type { Subscription } from '../connections/subscription.js';
import { InstanceDirectory } from '../instances/instance-directory.js';
import { Lease } from '../instances/lease.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { channelOf } from '../tenants/topic.js';
import { PresencePace } from './presence-pace.js';
import { PresenceChannel, type PresenceList } from './presence-channel.js';
import { ANONYMOUS, PresenceStore } from './presence-store.js';

/** How often it is looked whether something is due: what changes in between is said together, in milliseconds. */
const LOOK_MS = 50;
/** Channels that are looked at each time: with more of them, each has its turn less often. */
const CHANNELS_OF_A_LOOK = 10_000;
/** How long the last words of an instance may take, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/**
 * Who is in the channels whose definition switches presence on. Whoever has subscribed is present, whether it watches or
 * not: the registry tells where subscriptions begin and end, so no way in or out can be forgotten.
 * @hideconstructor
 */
@Injectable()
export class PresenceService implements SubscriptionListener, OnApplicationBootstrap, OnApplicationShutdown {
  // topic → the channel, while something is here or to be done
  private readonly channels = new Map<string, PresenceChannel>();
  private readonly pace: PresencePace;
  /** Goes round the channels, when there are more than one look takes. */
  private cursor = this.channels.entries();
  private readonly isNeeded: boolean;
  private timer: NodeJS.Timeout | null = null;
  private held = false;
  private entriesSeen = 0;

  constructor(
    private readonly store: PresenceStore,
    private readonly directory: InstanceDirectory,
    lease: Lease,
    private readonly options: ResolvedRealtimeOptions,
    private readonly catalogue: ChannelCatalogue,
    private readonly clock: RealtimeClock,
    registry: ConnectionRegistry,
  ) {
    this.pace = new PresencePace(lease, this.channels);
    this.isNeeded = [...catalogue.registered()].some(([, { presence }]) => presence);
    if (this.isNeeded) registry.listen(this);
  }

  onApplicationBootstrap(): void {
    if (!this.isNeeded) return;
    this.store.listen((topic) => this.channels.get(topic)?.hint());
    this.directory.onReachable(() => this.doubtAll());
    this.timer = setInterval(
      safely('The presence timer', () => this.look(this.clock.now())),
      LOOK_MS,
    ).unref();
  }

  onApplicationShutdown(): void {
    this.end();
  }

  /** Who is in a channel with presence. @throws ProtocolError `unavailable` */
  async list(topic: string): Promise<PresenceList> {
    const channel = this.opened(topic);
    try {
      return await channel.list();
    } catch (error) {
      if (error instanceof RealtimeUnavailableError)
        throw new ProtocolError('unavailable', { channel: channelOf(topic) });
      throw error;
    }
  }

  /** Sends `presence` once it is known who is here, and `presence_diff` from then on, for as long as the subscription lives. @internal */
  watch(subscription: Subscription): void {
    this.channels.get(subscription.topic)?.watch(subscription);
  }

  /** @internal */
  began(subscription: Subscription, connection: Connection): void {
    if (this.catalogue.find(subscription.channel)?.presence !== true) return;
    const channel = this.opened(subscription.topic);
    channel.local.enter(subscription, userOf(connection));
    channel.entered();
  }

  /** @internal */
  ended(subscription: Subscription): void {
    const channel = this.channels.get(subscription.topic);
    if (channel === undefined) return;
    channel.unwatch(subscription);
    // One whose line is gone may be a page that is reloading; one that unsubscribed, or may no longer, has left.
    const { presenceGraceMs } = this.options;
    const mayReturn = subscription.connection.closing && (this.held || presenceGraceMs > 0);
    channel.local.exit(subscription, mayReturn ? this.clock.now() + presenceGraceMs : null);
  }

  /** The subscription was paused: it gets the whole list again. @internal */
  resumed(subscription: Subscription): void {
    this.channels.get(subscription.topic)?.resumed(subscription);
  }

  identified(connection: Connection): void {
    for (const subscription of connection.subscriptions.values()) {
      this.channels.get(subscription.topic)?.local.enter(subscription, userOf(connection));
    }
  }

  /** This instance is about to end: whoever goes now is told to come back elsewhere, and has not left. */
  hold(): void {
    this.held = true;
  }

  /** Says what there is still to say. */
  async leave(): Promise<void> {
    this.end();
    const words = Promise.all([...this.channels.values()].map((channel) => channel.finish()));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => void (timer = setTimeout(resolve, LAST_WORDS_MS)));
    await Promise.race([words, late]);
    clearTimeout(timer);
  }

  private opened(topic: string): PresenceChannel {
    let channel = this.channels.get(topic);
    if (channel === undefined) {
      channel = new PresenceChannel(topic, this.store, this.pace);
      this.channels.set(topic, channel);
    }
    return channel;
  }

  private end(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private look(now: number): void {
    const { entries } = this.directory;
    const { entriesSeen } = this;
    this.entriesSeen = entries;
    // Taken for dead in the meantime, or the data is lost: others may have removed what was said.
    if (entries !== entriesSeen && entriesSeen > 0) this.doubtAll();
    if (entriesSeen === 0) for (const channel of this.channels.values()) channel.retry();
    for (const [topic, channel] of this.nextChannels()) {
      if (!this.held) channel.local.expire(now);
      if (channel.isIdle) this.channels.delete(topic);
      else if (channel.isDue) runSafely('Presence of a channel', () => channel.look());
    }
  }

  /** All channels, or the next of very many. */
  private *nextChannels(): Iterable<[string, PresenceChannel]> {
    for (let left = Math.min(CHANNELS_OF_A_LOOK, this.channels.size); left > 0; left -= 1) {
      let next = this.cursor.next();
      if (next.done === true) {
        this.cursor = this.channels.entries();
        next = this.cursor.next();
        if (next.done === true) return;
      }
      yield next.value;
    }
  }

  private doubtAll(): void {
    for (const channel of this.channels.values()) channel.doubt();
  }
}

/** An administrator of the platform is no member of the tenant that it looks at: it may have the same id as one. */
function userOf({ principal }: Connection): string {
  return principal === null || principal.tenant !== principal.homeTenant ? ANONYMOUS : principal.user.userId;
}
