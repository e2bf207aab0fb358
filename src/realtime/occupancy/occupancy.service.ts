import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import { Lease } from '../cluster/instances/lease.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { Subscription } from '../connections/subscription.js';
import { RealtimeHookService } from '../hooks/realtime-hooks.service.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { channelOf } from '../tenants/topic.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import type { Change } from './announcer.js';
import { countedBy, keyOfTopic, keyOfUser } from './keys.js';
import type { KeyUse } from './local-counts.js';
import { OccupancyHints } from './occupancy-hints.js';
import { OccupancyKeeper } from './occupancy-keeper.js';
import { OccupancyStore } from './occupancy-store.js';
import { OccupancyWatchers } from './occupancy-watchers.js';

/** Interval in which due work is done, in milliseconds. Changes within an interval are written together. */
const ROUND_MS = 100;

const CHANNEL_HOOKS = { occupied: 'occupied', vacant: 'vacated', released: 'released' } as const;
const USER_HOOKS = { occupied: 'online', vacant: 'offline', released: null } as const;

/**
 * Counts the subscriptions of channels and the connections of users over all instances: for channels with `occupancy`,
 * and for the hooks `occupied`, `vacated`, `online` and `offline`. Without any of these it does nothing.
 */
@Injectable()
export class OccupancyService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly keeper: OccupancyKeeper;
  private readonly watchers: OccupancyWatchers;
  private timer: NodeJS.Timeout | null = null;
  private held = false;

  constructor(
    store: OccupancyStore,
    directory: InstanceDirectory,
    lease: Lease,
    private readonly hints: OccupancyHints,
    private readonly hooks: RealtimeHookService,
    private readonly registry: ConnectionRegistry,
    private readonly catalogue: ChannelCatalogue,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {
    const renewMs = (): number => lease.renewMs;
    this.watchers = new OccupancyWatchers(store, renewMs, () => clock.now());
    this.keeper = new OccupancyKeeper(store, directory, {
      useOf: (key) => this.useOf(key),
      announce: (...change) => this.announce(...change),
      onStored: (keys) => this.onStored(keys),
      renewMs,
      now: () => clock.now(),
    });
  }

  /** @internal */
  onApplicationBootstrap(): void {
    const { runner } = this.hooks;
    const ofUsers = runner.has('online', 'offline');
    const ofChannels =
      runner.has('occupied', 'vacated', 'released') ||
      [...this.catalogue.registered()].some(([, { occupancy }]) => occupancy);
    if (ofUsers) this.registry.listenToUsers((userKey, began) => this.count(keyOfUser(userKey), began));
    if (ofChannels) {
      this.registry.listen({
        began: ({ topic }) => this.countTopic(topic, true),
        ended: (subscription) => this.ended(subscription),
        resumed: (subscription) => this.watchers.resumed(subscription),
        identified: () => undefined,
      });
    }
    if (!ofUsers && !ofChannels) return;
    this.hints.listen((key) => this.changed(key));
    this.timer = setInterval(
      safely('The counts of connections', () => this.round()),
      ROUND_MS,
    ).unref();
    this.clock.onAdvance(safely('The counts of connections', () => this.round()));
  }

  /** @internal */
  onApplicationShutdown(): void {
    this.end();
  }

  /** Keeps the counts of this instance during its shutdown: the clients reconnect elsewhere. @internal */
  hold(): void {
    this.held = true;
  }

  /** Lets another instance announce changes. Within a time limit. @internal */
  async leave(): Promise<void> {
    if (this.timer === null) return;
    this.end();
    await this.keeper.leave();
  }

  /** Returns the number of subscriptions of a channel with `occupancy`, over all instances. @throws ProtocolError `unavailable` */
  countOf(topic: string): Promise<number> {
    return this.watchers.count(topic);
  }

  /** Sends `occupancy` after each change, until the subscription ends. @param known the last count of the client @internal */
  watch(subscription: Subscription, known: number): void {
    this.watchers.watch(subscription, known);
  }

  private ended(subscription: Subscription): void {
    this.watchers.unwatch(subscription);
    this.countTopic(subscription.topic, false);
  }

  private countTopic(topic: string, began: boolean): void {
    const { exact, announced } = this.useOfChannel(channelOf(topic));
    if (exact || announced) this.count(keyOfTopic(topic), began);
  }

  private count(key: string, began: boolean): void {
    const { occupancyGraceMs } = this.options;
    if (began) this.keeper.add(key);
    else this.keeper.remove(key, occupancyGraceMs > 0 || this.held ? this.clock.now() + occupancyGraceMs : null);
  }

  private async round(): Promise<void> {
    if (!this.held) this.keeper.expire(this.clock.now());
    await Promise.all([this.keeper.round(), this.watchers.round().catch(() => undefined)]);
  }

  private useOf(key: string): KeyUse {
    const counted = countedBy(key, this.options.tenants.claim !== undefined);
    if (counted?.kind === 'channel') return this.useOfChannel(counted.channel);
    return { exact: false, announced: counted !== null && this.hooks.runner.has('online', 'offline') };
  }

  private useOfChannel(channel: string): KeyUse {
    const known = this.catalogue.find(channel);
    const announced = known !== null && this.hooks.runner.hasFor(channel, 'occupied', 'vacated', 'released');
    return { exact: known?.occupancy === true, announced };
  }

  private async announce(change: Change, key: string, sequence: number): Promise<void> {
    const counted = countedBy(key, this.options.tenants.claim !== undefined);
    if (counted === null) return;
    const { tenant } = counted;
    if (counted.kind === 'channel') {
      await this.hooks.runner.now(CHANNEL_HOOKS[change], { channel: counted.channel, tenant, sequence });
      return;
    }
    const hook = USER_HOOKS[change];
    if (hook !== null) await this.hooks.runner.now(hook, { userId: counted.userId, tenant, sequence });
  }

  private onStored(keys: readonly string[]): void {
    for (const key of keys) this.changed(key);
    runSafely('Hints of occupancy', () => this.hints.send(keys));
  }

  private changed(key: string): void {
    this.keeper.hint(key);
    if (key.startsWith('c:')) this.watchers.changed(key.slice(2));
  }

  private end(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
