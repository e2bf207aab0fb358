import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { isStateReload, type RealtimeStates, type StatePatch } from '../../protocol/index.js';
import { Broker } from '../broker/broker.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { RedisBridge } from '../delivery/redis-bridge.service.js';
import { Counters } from '../observability/counters.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { runSafely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { thrownText } from '../observability/thrown-text.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { InvalidEventError } from '../publishing/errors.js';
import { EventsPublisher } from '../publishing/events-publisher.js';
import { toJson } from '../publishing/event-json.js';
import { afterCommit, isInTransaction } from '../publishing/transaction-scope.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import { Tenants } from '../tenants/tenants.js';
import { Advances } from './advances.js';
import { isEmptyPatch } from './difference.js';
import { findLiveResources } from './find-live-resources.js';
import { LiveStates } from './live-states.js';
import { RELOAD_STATE, statePatch, wholeState, type PartialOf, type StateChannel, type StateOf } from './partial.js';
import { SerialRuns } from './serial-runs.js';
import { StateActivity, type StateChange } from './state-activity.js';
import { StateLoaders, type LiveResourceInfo } from './state-loaders.js';
import { StateStore } from './state-store.js';

/** Number of events after which a changed state is stored. Histories are usually longer. */
const ADVANCE_EVENTS = 32;

/** Options of the methods of {@link LiveResources}. */
export interface LiveChangeOptions {
  /** With the option `tenants`: tenant of the channel. @default the tenant of the running code */
  readonly tenant?: string;
}

/**
 * Changes the states of live resources. Inside a transaction, each change waits for its commit: see `EventsPublisher.afterCommit`.
 * Change the database first: the states are loaded from it.
 *
 * `S` is the state map: `RealtimeStates`, or one that extends it.
 * @hideconstructor
 */
@Injectable()
export class LiveResources<S extends RealtimeStates = RealtimeStates> implements OnModuleInit, OnApplicationShutdown {
  private readonly tenants: Tenants;
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly reloads = new SerialRuns();
  private loaders: StateLoaders;
  /** @internal */
  activity: StateActivity;
  private advances: Advances | null = null;
  /** @internal */
  states: LiveStates;

  constructor(
    private readonly events: EventsPublisher,
    private readonly broker: Broker,
    private readonly catalogue: ChannelCatalogue,
    private readonly bridge: RedisBridge,
    private readonly store: StateStore,
    private readonly options: ResolvedRealtimeOptions,
    private readonly counters: Counters,
    private readonly discovery: DiscoveryService,
  ) {
    this.tenants = new Tenants(options);
    this.activity = new StateActivity(counters, []);
    this.loaders = new StateLoaders(catalogue, [], options.live, this.activity);
    this.states = this.statesOf(this.loaders);
  }

  /** @throws Error if a live resource cannot be loaded */
  onModuleInit(): void {
    const found = findLiveResources(this.discovery);
    if (found.length === 0) return;
    const patterns = found.map(({ pattern }) => pattern);
    this.activity = new StateActivity(this.counters, patterns);
    this.loaders = new StateLoaders(this.catalogue, found, this.options.live, this.activity);
    this.states = this.statesOf(this.loaders);
    const advances = new Advances((topic) => this.states.advance(topic));
    this.advances = advances;
    this.bridge.feeds.states = this.states;
    this.bridge.feeds.onPatch = (topic, position) => {
      const offset = this.states.cachedOffset(topic);
      if (offset !== null) advances.onEvent(topic, position.offset - offset >= ADVANCE_EVENTS);
    };
  }

  onApplicationShutdown(): void {
    this.states.close();
    this.advances?.close();
  }

  /**
   * Changes parts of a state. Objects are merged, lists are replaced, `null` is a value; see `remove()` and `replace()`.
   *
   *     await live.patch('projects:42:board', { cards: { '7': { column: 'done' }, '8': remove() } });
   * @returns resolves when the patch has its position in the channel; inside a transaction at once
   * @throws InvalidEventError if the channel has no state, or the change is not an object; like `emit`, also for values without JSON
   * @throws RealtimeUnavailableError or TenantBusyError like `emit`
   */
  async patch<C extends StateChannel<S>>(
    channel: C,
    partial: PartialOf<S, C>,
    options: LiveChangeOptions = {},
  ): Promise<void> {
    this.resolve(channel, options);
    const patch = statePatch(partial as never);
    if (!isEmptyPatch(patch)) await this.publish(channel, patch, 'patch', options);
  }

  /** Replaces a state. See {@link patch}. */
  async set<C extends StateChannel<S>>(
    channel: C,
    state: StateOf<S, C>,
    options: LiveChangeOptions = {},
  ): Promise<void> {
    if (state === undefined) throw new InvalidEventError('data', 'must be the state, not undefined');
    await this.publish(channel, wholeState(state as never), 'set', options);
  }

  /**
   * Loads a state again, and publishes the difference, or the whole if that is smaller. Without subscribers it only makes the next
   * subscriber load it.
   * @returns resolves when the difference is published; inside a transaction at once. If the state cannot be loaded, its
   * subscribers are notified, and receive it when it can be loaded
   * @throws InvalidEventError if the channel has no state
   * @throws RealtimeUnavailableError or TenantBusyError if the difference cannot be published
   */
  async invalidate(channel: StateChannel<S>, options: LiveChangeOptions = {}): Promise<void> {
    const { topic, resource } = this.resolve(channel, options);
    const reload = (): Promise<void> => this.reloads.run(topic, () => this.reload(topic, resource));
    if (!isInTransaction()) return reload();
    afterCommit(() => runSafely('Loading a state again', reload));
  }

  /** @returns the pattern of the live resource of a channel; `null` if it has no state @internal */
  patternOf(channel: string): string | null {
    return this.loaders.find(channel)?.pattern ?? null;
  }

  private async publish(
    channel: string,
    patch: StatePatch,
    change: StateChange,
    { tenant }: LiveChangeOptions,
  ): Promise<void> {
    this.resolve(channel, { ...(tenant !== undefined && { tenant }) });
    const data = this.fits(toJson(patch)) ? patch : RELOAD_STATE;
    const options = { except: null, ...(tenant !== undefined && { tenant }) };
    const published = (): void => this.activity.changed(data === patch ? change : 'reload');
    if (isInTransaction()) {
      this.events.afterCommit(channel as never, data as never, options);
      afterCommit(published);
    } else {
      await this.events.publish(channel, data, options);
      published();
    }
  }

  private async reload(topic: string, resource: LiveResourceInfo): Promise<void> {
    if (!(await this.broker.hasSubscribers(topic))) return this.publishTo(topic, RELOAD_STATE);
    try {
      await this.states.reload(topic, resource);
    } catch (error) {
      // The state is loaded again for each subscriber that waits for it, until that succeeds.
      this.log.warn(`reload ${resource.pattern}`, `${topic} is sent when it can be loaded: ${thrownText(error)}`);
      await this.publishTo(topic, RELOAD_STATE);
    }
  }

  private async publishTo(topic: string, data: object): Promise<void> {
    const tenant = tenantOf(topic);
    await this.events.publish(channelOf(topic), data, { except: null, ...(tenant !== null && { tenant }) });
    this.activity.changed(isStateReload(data) ? 'reload' : 'difference');
  }

  private resolve(channel: string, { tenant }: LiveChangeOptions): { topic: string; resource: LiveResourceInfo } {
    const known = this.catalogue.find(channel);
    const resource = known === null ? null : this.loaders.find(channel);
    if (known === null || resource === null) {
      throw new InvalidEventError('channel', `has no state: ${JSON.stringify(channel)}. Define it with @LiveResource`);
    }
    return { topic: this.tenants.topicOf(channel, known.global, tenant), resource };
  }

  private fits(json: string): boolean {
    return Buffer.byteLength(json) <= this.options.maxEventBytes;
  }

  private statesOf(loaders: StateLoaders): LiveStates {
    const { recoveryMaxEvents: maxEvents, recoveryMaxBytes: maxBytes, maxEventBytes, live } = this.options;
    const publish = (topic: string, data: object): Promise<void> => this.publishTo(topic, data);
    const { store, broker, activity } = this;
    const limits = { maxEvents, maxBytes };
    return new LiveStates({
      ...{ store, broker, loaders, activity, publish, limits, maxEventBytes },
      cacheBytes: live.cacheBytes,
    });
  }
}
