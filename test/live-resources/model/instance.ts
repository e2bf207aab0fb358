import type { Channel } from '../../../src/realtime/channels/channel-catalogue.js';
import type { StateFields } from '../../../src/realtime/channels/fields/state-fields.js';
import { ConnectionRegistry } from '../../../src/realtime/connections/connection-registry.js';
import { FanOut } from '../../../src/realtime/delivery/fan-out.js';
import { RedisBridge } from '../../../src/realtime/delivery/redis-bridge.service.js';
import { MemoryBroker } from '../../../src/realtime/backends/memory/memory.broker.js';
import type { OutgoingEvent, ReadLimits } from '../../../src/realtime/broker/broker.js';
import { LiveStates } from '../../../src/realtime/live/live-states.js';
import { LoadSlots } from '../../../src/realtime/live/load-slots.js';
import { SerialRuns } from '../../../src/realtime/live/serial-runs.js';
import { StateActivity } from '../../../src/realtime/live/state-activity.js';
import { StateError } from '../../../src/realtime/live/state-error.js';
import type { LiveResourceInfo } from '../../../src/realtime/live/state-loaders.js';
import { StateStore, type LoadRight, type StoredState } from '../../../src/realtime/live/state-store.js';
import { Counters } from '../../../src/realtime/observability/counters.js';
import { ResolvedRealtimeOptions } from '../../../src/realtime/options/realtime-options.js';
import { RealtimeClock } from '../../../src/realtime/timing/realtime-clock.js';
import { RequestBudget } from '../../../src/realtime/timing/request-budget.js';
import { eventBody, type Position } from '../../../src/protocol/index.js';
import { offlineConnection, type OfflineConnection } from '../../support/offline-connection.js';
import type { CheckedStore } from './checked-store.js';
import type { Scheduler } from './scheduler.js';
import type { Listener, SharedLog } from './shared-log.js';

export const CHANNEL = 'boards:1';
const HISTORY = { size: 12, ttlMs: 300_000 };
const TOO_LARGE_RETRY_MS = 2_000;

/** The broker of an instance: each call takes effect later, and is answered later. */
class ModelBroker extends MemoryBroker {
  constructor(
    private readonly owner: object,
    private readonly shared: SharedLog,
    private readonly scheduler: Scheduler,
  ) {
    super();
  }

  override publish(event: OutgoingEvent): Promise<Position> {
    return this.publishNoticed(event, () => undefined);
  }

  publishNoticed(event: OutgoingEvent, onPublished: (position: Position) => void): Promise<Position> {
    return this.scheduler.call(this.owner, 'publish', async () => {
      const position = await this.shared.publish(event);
      onPublished(position);
      return position;
    });
  }

  override subscribe(): Promise<Position> {
    return Promise.resolve(this.shared.top);
  }

  override read = (_topic: string, after: Position, { maxEvents }: ReadLimits) =>
    this.scheduler.call(this.owner, 'read', () => this.shared.read(after, maxEvents));
  override page = () => this.scheduler.call(this.owner, 'read', () => this.shared.page());
}

class ModelStore extends StateStore {
  constructor(
    private readonly owner: object,
    private readonly call: <T>(use: (states: CheckedStore) => Promise<T>) => Promise<T>,
  ) {
    super();
  }
  override read = (topic: string) => this.call((states) => states.read(topic));
  override claim = (topic: string, holder: string, leaseMs: number) =>
    this.call((states) => states.claim(this.owner, topic, holder, leaseMs));
  override write = (topic: string, state: StoredState, right: LoadRight, ttlMs: number) =>
    this.call((states) => states.write(topic, state, right, ttlMs));
  override fail = (topic: string, right: LoadRight, code: string, retryMs: number) =>
    this.call((states) => states.fail(topic, right, code, retryMs));
}

/** Settings of an instance. */
export interface InstanceOptions {
  readonly resource: LiveResourceInfo;
  /** True if it spreads its notices over time, as an instance with many connections does. */
  readonly spreadsNotices: boolean;
  readonly maxEventBytes: number;
  /** Reads the database. @returns `null` if it fails */
  readonly load: () => unknown;
}

/** One instance: the delivery and the states of the product, over a backend that answers when the test wants. */
export class Instance implements Listener {
  private readonly counters = new Counters();
  private readonly registry = new ConnectionRegistry(this.counters);
  private readonly bridge: RedisBridge;
  private readonly resource: LiveResourceInfo;
  readonly states: LiveStates;
  private readonly broker: ModelBroker;
  private readonly reloads = new SerialRuns();
  /** Receives what the broker distributes. */
  private receiver: Parameters<MemoryBroker['listen']>[0] | null = null;

  constructor(
    private readonly log: SharedLog,
    private readonly scheduler: Scheduler,
    { resource, spreadsNotices, maxEventBytes, load }: InstanceOptions,
  ) {
    this.resource = resource;
    this.broker = new ModelBroker(this, log, scheduler);
    this.broker.listen = (listener) => void (this.receiver = listener);
    if (spreadsNotices) Object.defineProperty(this.registry, 'size', { value: 600 });
    const options = new ResolvedRealtimeOptions();
    const clock = new RealtimeClock();
    const fanOut = new FanOut(this.registry, this.counters);
    const budget = new RequestBudget(options, clock);
    this.bridge = new RedisBridge(this.broker, this.registry, fanOut, this.counters, clock, options, budget);
    const slots = new LoadSlots(4);
    const { broker } = this;
    this.states = new LiveStates({
      store: new ModelStore(this, (use) => scheduler.call(this, 'store', () => log.store(use))),
      broker,
      loaders: {
        find: () => resource,
        load: () =>
          scheduler.call(this, 'load', async () => {
            log.states.loads(this);
            const state = load();
            if (state === null) throw new StateError('unavailable', 1_000);
            const json = JSON.stringify(state);
            if (Buffer.byteLength(json) > resource.maxBytes) throw new StateError('too_large', TOO_LARGE_RETRY_MS);
            return json;
          }),
        inSlot: (work) => slots.run(work),
      },
      activity: new StateActivity(this.counters, []),
      publish: async (_topic, data) => void (await this.publish(data)),
      limits: { maxEvents: 100, maxBytes: 1_000_000 },
      maxEventBytes,
      cacheBytes: 1_000_000,
    });
    this.bridge.feeds.states = this.states;
    log.connect(this, this);
  }

  event(position: Position, body: string): void {
    this.receiver?.event(CHANNEL, { position, body });
  }

  position(position: Position): void {
    this.receiver?.position(CHANNEL, position);
  }

  /** @param onPublished called when the event is in the log, before the answer arrives */
  publish(data: object, onPublished: (position: Position) => void = () => undefined): Promise<Position> {
    const body = eventBody(CHANNEL, JSON.stringify(data), '2026-01-01T12:00:00.000Z');
    return this.broker.publishNoticed({ topic: CHANNEL, body, history: HISTORY, timeoutMs: 1_000 }, onPublished);
  }

  /** As `LiveResources.invalidate` does. */
  invalidate(): Promise<void> {
    return this.reloads.run(CHANNEL, () => this.reload());
  }

  private async reload(): Promise<void> {
    try {
      await this.states.reload(CHANNEL, this.resource);
    } catch {
      await this.publish({ reload: true });
    }
  }

  connect(): OfflineConnection {
    const connection = offlineConnection(null, { counters: this.counters });
    this.registry.add(connection);
    return connection;
  }

  /** Subscribes a connection with the state. @param groups returns its groups, which can change meanwhile */
  async subscribe(connection: OfflineConnection, groups: () => readonly string[], lastEventId?: string): Promise<void> {
    const channel = channelOf(this.resource.fields);
    const from = { state: true, ...(lastEventId !== undefined && { lastEventId }) };
    const attachment = await this.bridge.attach(connection, CHANNEL, channel, from);
    if (attachment === null) return;
    const { recovered, reason, state } = attachment;
    this.show(connection, groups(), true);
    connection.send({ type: 'subscribed', channel: CHANNEL, recovered, reason, state });
    attachment.start();
  }

  /** Changes the groups of a connection, as another token does. */
  show(connection: OfflineConnection, groups: readonly string[], isNew = false): void {
    const subscription = connection.subscriptions.get(CHANNEL);
    if (subscription === undefined) return;
    const { shared } = subscription.view;
    subscription.view = this.resource.fields.viewOf(groups);
    if (!isNew && subscription.view.shared !== shared) this.bridge.feeds.sendState(subscription);
  }

  /** Takes and returns the decision about a subscription, as another policy does. */
  pause(connection: OfflineConnection, pauses: boolean): void {
    const subscription = connection.subscriptions.get(CHANNEL);
    if (subscription === undefined) return;
    if (pauses) this.bridge.feeds.pause(subscription);
    else this.bridge.feeds.resume(subscription);
  }

  disconnect(connection: OfflineConnection): void {
    const subscription = connection.subscriptions.get(CHANNEL);
    connection.sendBuffer.end();
    if (subscription !== undefined) this.bridge.detach(subscription);
    this.registry.remove(connection);
  }

  /** Ends it without a word to the backend. */
  async kill(): Promise<void> {
    this.log.disconnect(this);
    this.states.close();
    await this.bridge.onApplicationShutdown();
    this.scheduler.forget(this);
  }
}

function channelOf(fields: StateFields): Channel {
  return {
    ...{ pattern: CHANNEL, access: 'public', data: null, fields, declared: null, history: HISTORY, readable: true },
    ...{ presence: false, presenceState: false, occupancy: false, autoSubscribe: false, stream: null, global: false },
  };
}
