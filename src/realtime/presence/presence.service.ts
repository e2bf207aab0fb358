import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ProtocolError } from '../../protocol/index.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { ChannelCatalogue, type Channel } from '../channels/channel-catalogue.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry, type SubscriptionListener } from '../connections/connection-registry.js';
import type { Subscription } from '../connections/subscription.js';
import { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import { Lease } from '../cluster/instances/lease.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { channelOf } from '../tenants/topic.js';
import { withTimeout } from '../timing/with-timeout.js';
import type { TenantScope } from '../cluster/control/control-arguments.js';
import { OnlineUsers } from './online-users.js';
import { PresencePace } from './presence-pace.js';
import { PresenceChannel, type PresenceList } from './presence-channel.js';
import { withoutProto } from './member-data.js';
import { PresenceHints } from './presence-hints.js';
import { ANONYMOUS, PresenceStore } from './presence-store.js';
import { StateLimits } from './state-limits.js';

/** Interval in which due operations are run, in milliseconds. Changes within an interval are written together. */
const SYNC_MS = 50;
/** Time limit for the last writes before shutdown, in milliseconds. */
const FINAL_FLUSH_MS = 1_000;

/**
 * Presence of all channels that enable it. Every subscriber is present, even if it does not watch: the registry reports
 * the start and end of each subscription.
 * @hideconstructor
 */
@Injectable()
export class PresenceService implements SubscriptionListener, OnApplicationBootstrap, OnApplicationShutdown {
  /** Number of channels that are checked per interval. With more channels, each is checked less often. @internal */
  channelsPerSync = 10_000;
  // channels by topic, while they have members or pending work
  private readonly channels = new Map<string, PresenceChannel>();
  private readonly pace: PresencePace;
  /** Iterates over all channels again and again, if there are more than one interval checks. */
  private cursor = this.channels.entries();
  private readonly isNeeded: boolean;
  private readonly limits = new StateLimits();
  private timer: NodeJS.Timeout | null = null;
  private held = false;
  private registrationsSeen = 0;

  constructor(
    private readonly store: PresenceStore,
    private readonly hints: PresenceHints,
    private readonly directory: InstanceDirectory,
    lease: Lease,
    private readonly options: ResolvedRealtimeOptions,
    private readonly catalogue: ChannelCatalogue,
    private readonly clock: RealtimeClock,
    registry: ConnectionRegistry,
    private readonly users: OnlineUsers,
  ) {
    this.pace = new PresencePace(lease, this.channels);
    this.isNeeded = [...catalogue.registered()].some(([, { presence }]) => presence);
    if (this.isNeeded) registry.listen(this);
  }

  onApplicationBootstrap(): void {
    if (!this.isNeeded) return;
    this.hints.listen((topic) => this.channels.get(topic)?.hint());
    this.directory.onReachable(() => this.markAllStale());
    this.timer = setInterval(
      safely('The presence timer', () => this.sync(this.clock.now())),
      SYNC_MS,
    ).unref();
  }

  onApplicationShutdown(): void {
    this.end();
  }

  /** Returns the members of a channel with presence. @throws ProtocolError `unavailable` */
  async list(topic: string): Promise<PresenceList> {
    const channel = this.openChannel(topic);
    try {
      return await channel.list();
    } catch (error) {
      if (error instanceof RealtimeUnavailableError)
        throw new ProtocolError('unavailable', { channel: channelOf(topic) });
      throw error;
    }
  }

  /**
   * Returns for each of these users if there is a connection with a token of the user, on any instance.
   * @param userIds at most 1,000
   * @throws RealtimeUnavailableError if an instance did not answer within 1 s, and a user is not on another one
   */
  isOnline(userIds: readonly string[], scope: TenantScope = {}): Promise<ReadonlyMap<string, boolean>> {
    return this.users.isOnline(userIds, scope);
  }

  /**
   * Returns the number of users with a connection, over all instances: exact below 1,024, above with a standard error of
   * 3 %.
   * @param scope with the option `tenants`: users of this tenant. @default users of all tenants
   * @throws RealtimeUnavailableError if an instance did not answer within 1 s
   */
  countOnline({ tenant }: { readonly tenant?: string } = {}): Promise<number> {
    return this.users.count(tenant);
  }

  /** Sends `presence` when the members are known, and then `presence_diff` until the subscription ends. @internal */
  watch(subscription: Subscription): void {
    this.channels.get(subscription.topic)?.watch(subscription);
  }

  /** @internal */
  began(subscription: Subscription, connection: Connection): void {
    const channel = this.catalogue.find(subscription.channel);
    // A policy decides about the member's info, too: a member does not appear without.
    if (channel?.presence === true && !isUnderPolicy(channel)) this.enter(subscription, connection);
  }

  /** @internal */
  granted(subscription: Subscription, connection: Connection): void {
    if (this.catalogue.find(subscription.channel)?.presence !== true) return;
    const { local } = this.enter(subscription, connection);
    const { info: json } = subscription.granted;
    const before = local.dataOf(subscription);
    if (before?.info?.json === json) return;
    const info = json === undefined ? null : { json, at: Math.round(this.clock.wall()) };
    local.setData(subscription, { info, state: before?.state ?? null });
  }

  /**
   * Sets the state of a member, or removes it.
   * @param state JSON of at most 1,024 bytes; `null` to remove the state
   * @param ageMs time since the client set it, in milliseconds
   * @returns the time that the client should wait before its next update, in milliseconds
   * @throws ProtocolError `not_subscribed`, `presence_disabled`, `auth_required`, `forbidden`, `unavailable`,
   *   `rate_limited` or `too_many_subscriptions`
   * @internal
   */
  update(connection: Connection, name: string, state: string | null, ageMs: number): number {
    const about = { channel: name };
    const subscription = connection.subscriptions.get(name);
    if (subscription === undefined) throw new ProtocolError('not_subscribed', about);
    if (this.catalogue.find(name)?.presenceState !== true) {
      throw new ProtocolError('presence_disabled', { ...about, message: 'Members of this channel have no state' });
    }
    if (userOf(connection) === ANONYMOUS) {
      throw new ProtocolError(connection.principal === null ? 'auth_required' : 'forbidden', about);
    }
    const channel = this.channels.get(subscription.topic);
    // Its access is not decided, or not decided yet.
    if (channel === undefined || subscription.isPaused || channel.local.userOf(subscription) === undefined) {
      throw new ProtocolError('unavailable', about);
    }
    this.limits.take(subscription, state === null, this.clock.now());
    const info = channel.local.dataOf(subscription)?.info ?? null;
    const at = channel.timeOfState(userOf(connection), this.clock.wall(), ageMs);
    const next = state === null ? null : { json: withoutProto(state), at };
    if (!channel.local.setData(subscription, { info, state: next })) throw new ProtocolError('unavailable', about);
    return channel.updateIntervalMs;
  }

  /** @internal */
  ended(subscription: Subscription): void {
    const channel = this.channels.get(subscription.topic);
    if (channel === undefined) return;
    channel.unwatch(subscription);
    this.limits.release(subscription);
    // A lost connection may be a page that reloads; a client that unsubscribed or lost its access has left.
    const { presenceGraceMs } = this.options;
    const mayReturn = subscription.connection.closing && (this.held || presenceGraceMs > 0);
    channel.local.exit(subscription, mayReturn ? this.clock.now() + presenceGraceMs : null);
  }

  /** Sends the whole list again to a subscription that was paused. @internal */
  resumed(subscription: Subscription): void {
    this.channels.get(subscription.topic)?.resumed(subscription);
  }

  identified(connection: Connection): void {
    for (const subscription of connection.subscriptions.values()) {
      const local = this.channels.get(subscription.topic)?.local;
      if (local?.userOf(subscription) !== undefined) local.enter(subscription, userOf(connection));
    }
  }

  /** Keeps the members of this instance during its shutdown: the clients reconnect elsewhere and have not left. */
  hold(): void {
    this.held = true;
  }

  /** Writes the remaining changes, within a time limit. */
  async leave(): Promise<void> {
    this.end();
    const flushes = Promise.all([...this.channels.values()].map((channel) => channel.flush()));
    await withTimeout(flushes, FINAL_FLUSH_MS, () => undefined);
  }

  private enter(subscription: Subscription, connection: Connection): PresenceChannel {
    const channel = this.openChannel(subscription.topic);
    channel.local.enter(subscription, userOf(connection));
    channel.onEntered();
    return channel;
  }

  private openChannel(topic: string): PresenceChannel {
    let channel = this.channels.get(topic);
    if (channel === undefined) {
      channel = new PresenceChannel(topic, this.store, this.pace, () => this.hints.send(topic));
      this.channels.set(topic, channel);
    }
    return channel;
  }

  private end(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private sync(now: number): void {
    const { registrations } = this.directory;
    const { registrationsSeen } = this;
    this.registrationsSeen = registrations;
    // The lease had expired, or data was lost: other instances may have removed the stored values.
    if (registrations !== registrationsSeen && registrationsSeen > 0) this.markAllStale();
    if (registrationsSeen === 0) for (const channel of this.channels.values()) channel.retry();
    for (const [topic, channel] of this.nextChannels()) {
      if (!this.held) channel.local.expire(now);
      if (channel.isIdle) this.channels.delete(topic);
      else if (channel.isDue) runSafely('Presence of a channel', () => channel.sync());
    }
  }

  /** Returns all channels, or the next part of them if there are very many. */
  private *nextChannels(): Iterable<[string, PresenceChannel]> {
    for (let left = Math.min(this.channelsPerSync, this.channels.size); left > 0; left -= 1) {
      let next = this.cursor.next();
      if (next.done === true) {
        this.cursor = this.channels.entries();
        next = this.cursor.next();
        if (next.done === true) return;
      }
      yield next.value;
    }
  }

  private markAllStale(): void {
    for (const channel of this.channels.values()) channel.markStale();
  }
}

function isUnderPolicy({ access }: Channel): boolean {
  return typeof access === 'object' && 'policy' in access;
}

/** A guest counts as anonymous. A platform admin counts as anonymous in a chosen tenant: the user id could collide with one of the tenant. */
function userOf({ principal }: Connection): string {
  if (principal === null || principal.guest !== undefined) return ANONYMOUS;
  return principal.tenant !== principal.homeTenant ? ANONYMOUS : principal.user.userId;
}
