import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ProtocolError } from '../../protocol/index.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry, type SubscriptionListener } from '../connections/connection-registry.js';
import type { Subscription } from '../connections/subscription.js';
import { InstanceDirectory } from '../instances/instance-directory.js';
import { Lease } from '../instances/lease.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { PresenceChannel, type PresenceList } from './presence-channel.js';
import { ANONYMOUS, PresenceStore } from './presence-store.js';

/** How often it is looked whether something is due: what changes in between is said together, in milliseconds. */
const LOOK_MS = 50;
/** How long the last words of an instance may take, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/**
 * Who is in the channels whose definition switches presence on. Whoever has subscribed is present, whether it watches or
 * not: the registry tells where subscriptions begin and end, so no way in or out can be forgotten.
 */
@Injectable()
export class PresenceService implements SubscriptionListener, OnApplicationBootstrap, OnApplicationShutdown {
  // name → every channel with presence; the catalogue bounds them
  private readonly channels = new Map<string, PresenceChannel>();
  /** Those where something is here, or to be done. */
  private readonly active = new Set<PresenceChannel>();
  private timer: NodeJS.Timeout | null = null;
  private held = false;
  private entriesSeen = 0;

  constructor(
    private readonly store: PresenceStore,
    private readonly directory: InstanceDirectory,
    lease: Lease,
    private readonly options: ResolvedRealtimeOptions,
    catalogue: ChannelCatalogue,
    registry: ConnectionRegistry,
  ) {
    for (const [name, { presence }] of catalogue.list()) {
      if (presence) this.channels.set(name, new PresenceChannel(name, store, lease));
    }
    if (this.channels.size > 0) registry.listen(this);
  }

  onApplicationBootstrap(): void {
    if (this.channels.size === 0) return;
    this.store.listen((name) => this.channels.get(name)?.hint());
    this.directory.onReachable(() => this.doubtAll());
    this.timer = setInterval(() => this.look(performance.now()), LOOK_MS).unref();
  }

  onApplicationShutdown(): void {
    this.end();
  }

  /** Who is in a channel with presence. @throws ProtocolError `unavailable` */
  async list(name: string): Promise<PresenceList> {
    const channel = this.channels.get(name)!;
    this.active.add(channel);
    try {
      return await channel.list();
    } catch (error) {
      if (error instanceof RealtimeUnavailableError) throw new ProtocolError('unavailable', { channel: name });
      throw error;
    }
  }

  /** Sends `presence` once it is known who is here, and `presence_diff` from then on, for as long as the subscription lives. */
  watch(subscription: Subscription): void {
    this.channels.get(subscription.channel)?.watch(subscription);
  }

  began(subscription: Subscription, connection: Connection): void {
    const channel = this.channels.get(subscription.channel);
    if (channel === undefined) return;
    channel.local.enter(subscription, userOf(connection));
    channel.entered();
    this.active.add(channel);
  }

  ended(subscription: Subscription): void {
    const channel = this.channels.get(subscription.channel);
    if (channel === undefined) return;
    channel.unwatch(subscription);
    // One whose line is gone may be a page that is reloading; one that unsubscribed, or may no longer, has left.
    const { presenceGraceMs } = this.options;
    const mayReturn = subscription.connection.closing && (this.held || presenceGraceMs > 0);
    channel.local.exit(subscription, mayReturn ? performance.now() + presenceGraceMs : null);
  }

  identified(connection: Connection): void {
    for (const subscription of connection.subscriptions.values()) {
      this.channels.get(subscription.channel)?.local.enter(subscription, userOf(connection));
    }
  }

  /** This instance is about to end: whoever goes now is told to come back elsewhere, and has not left. */
  hold(): void {
    this.held = true;
  }

  /** Says what there is still to say. */
  async leave(): Promise<void> {
    this.end();
    const words = Promise.all([...this.active].map((channel) => channel.finish()));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => void (timer = setTimeout(resolve, LAST_WORDS_MS)));
    await Promise.race([words, late]);
    clearTimeout(timer);
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
    for (const channel of this.active) {
      if (entriesSeen === 0) channel.retry();
      if (!this.held) channel.local.expire(now);
      if (channel.isIdle) this.active.delete(channel);
      else void channel.look();
    }
  }

  private doubtAll(): void {
    for (const channel of this.active) channel.doubt();
  }
}

function userOf(connection: Connection): string {
  return connection.principal?.user.userId ?? ANONYMOUS;
}
