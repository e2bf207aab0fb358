import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { eventBody, formatPosition, type RealtimeEvents } from '../../protocol/index.js';
import { Broker } from '../broker/broker.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { KeyedBuckets } from '../timing/keyed-buckets.js';
import { Counters } from '../observability/counters.js';
import { runSafely } from '../observability/run-safely.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { thrownText } from '../observability/thrown-text.js';
import { beginEmit } from '../observability/tracing.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { inTenant } from '../tenants/current-tenant.js';
import { tenantOf } from '../tenants/topic.js';
import { isoNow } from '../timing/iso-now.js';
import { withTimeout } from '../timing/with-timeout.js';
import type { EmitAttempt, EmittedEvent, SerialisedEvent } from './emitted-event.js';
import { InvalidEventError, TenantBusyError } from './errors.js';
import { EventComposer, readOptions, showChannel, type ComposedEvent, type EmitOptions } from './event-composer.js';
import { inList, readEntry, type EventToEmit } from './event-list.js';
import { EventValidator } from './event-validator.js';
import { failureOf, observe } from './publish-outcome.js';
import { afterCommit, inTransaction } from './transaction-scope.js';
import { UntilPublished } from './until-published.js';
import { channelOfUser } from './user-id.js';

/** Options of `events.transaction`. */
export interface TransactionOptions {
  /** Commits or rolls back separately, even inside another transaction, instead of as a savepoint. @default false */
  readonly independent?: boolean;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** Time for which a shutdown waits for events of committed transactions, in milliseconds. */
const SHUTDOWN_MS = 5_000;

/**
 * Publishes events. Inject it into any module. It needs no HTTP server, and works before `listen()`, in workers and in
 * command-line programs.
 *
 * `E` is the event map: `RealtimeEvents`, or one that extends it.
 * @hideconstructor
 */
@Injectable()
export class EventsPublisher<E extends RealtimeEvents = RealtimeEvents>
  implements BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly composer: EventComposer;
  private readonly committed = new UntilPublished();
  private readonly tenantRates: KeyedBuckets;
  private readonly observers: ((attempt: EmitAttempt) => void | Promise<void>)[] = [];

  constructor(
    private readonly broker: Broker,
    catalogue: ChannelCatalogue,
    private readonly counters: Counters,
    options: ResolvedRealtimeOptions,
  ) {
    this.composer = new EventComposer(catalogue, options, new EventValidator(options.invalidEvents, counters));
    this.tenantRates = new KeyedBuckets({ perSecond: options.tenants.eventsPerSecond });
  }

  /**
   * Publishes one event to all subscribers of the channel, on every instance. Events of one process and channel keep
   * their order. The promise need not be awaited: a failure is logged, and never ends the process.
   * @param data any JSON-serializable value of at most `maxEventBytes`, which matches the class of the channel, if there
   * is one
   * @returns resolves when the event has its position in the channel
   * @throws InvalidEventError for an unknown channel, or data that cannot be sent
   * @throws RealtimeUnavailableError if it was not acknowledged in time; it will not be published later
   * @throws TenantBusyError if the event rate limit of its tenant is exceeded
   */
  emit<C extends keyof E & string, D extends E[C]>(
    channel: C,
    data: D,
    options: EmitOptions = {},
  ): Promise<EmittedEvent> {
    return this.publish(channel, data, options);
  }

  /**
   * Publishes several events, in this order. All are validated before the first is published: if one is invalid, none is
   * published. For one event on several channels, give one entry per channel.
   * @returns resolves when every event has its position, with the results in the order of the events
   * @throws InvalidEventError for the first invalid event; its `field` starts with the position in the list: `[2].data`
   * @throws RealtimeUnavailableError or TenantBusyError for the first event that was not acknowledged, after all others
   * were published or refused. To try again without publishing an event twice, give each an `idempotencyKey`
   */
  emitMany<T extends readonly EventToEmit<E>[]>(events: T): Promise<EmittedEvent[]> {
    const published = this.publishMany(events);
    published.catch(() => undefined); // logged already, so the promise need not be awaited
    return published;
  }

  /** Publishes one event to the private channel of a user. See {@link emit}. */
  emitToUser(userId: string, data: unknown, options: EmitOptions = {}): Promise<EmittedEvent> {
    let channel: string;
    try {
      channel = channelOfUser(userId);
    } catch (error) {
      return this.announce('user:', data, options, Promise.reject(error));
    }
    return this.publish(channel, data, options);
  }

  /**
   * Publishes one event after the current transaction commits, and never if it is rolled back. Without a transaction,
   * publishes it at once. The transaction is that of {@link transaction}, or of a client that `bindTransactions` bound.
   * The event is validated at once; after the commit it is retried until it is published, while the process lives.
   * @throws InvalidEventError for an unknown channel, or data that cannot be sent
   */
  afterCommit<C extends keyof E & string, D extends E[C]>(
    channel: C,
    data: D,
    given: Pick<EmitOptions, 'idempotencyKey' | 'tenant'> = {},
  ): void {
    let options: EmitOptions = given;
    let prepared: ComposedEvent;
    try {
      const { idempotencyKey = randomUUID(), tenant } = readOptions(given);
      options = { idempotencyKey, ...(tenant === undefined ? {} : { tenant }) };
      prepared = this.composer.compose(channel, data, options);
    } catch (error) {
      const refused = Promise.reject<EmittedEvent>(error);
      refused.catch(() => undefined); // it is also thrown
      this.notifyObservers({ channel, data, options, result: refused });
      throw error;
    }
    afterCommit(() => {
      const result = new Promise<EmittedEvent>((resolve) => {
        this.committed.add(prepared.topic, prepared.json.length, () => this.send(prepared).then(resolve));
      });
      this.notifyObservers({ channel, data, options, result });
    });
  }

  /**
   * Calls back for every event that the application tries to publish, including refused ones: for tests, and for custom
   * records. An error of the callback is logged and has no other effect.
   */
  onEmit(callback: (attempt: EmitAttempt) => void | Promise<void>): void {
    this.observers.push(callback);
  }

  /**
   * Runs a transaction of any database. Events from {@link afterCommit} inside it wait until `run` resolves, and are
   * discarded if it rejects. Inside another transaction it is a savepoint, unless `independent` is set.
   * @param run starts the transaction and resolves after its commit; it calls `rollBack` if it rolls back without
   * rejecting
   */
  transaction<T>(run: (rollBack: () => void) => Promise<T>, options: TransactionOptions | null = {}) {
    return inTransaction<T>(run, options?.independent === true);
  }

  /** {@link emit} for a channel whose name is only known at run time, as for `POST /realtime/events`. */
  publish(channel: string, data: unknown, options: EmitOptions = {}): Promise<EmittedEvent> {
    return this.announce(channel, data, options, this.composeAndSend(channel, data, options));
  }

  /**
   * Returns true if a client on any instance has subscribed to this channel, so that events without subscribers need
   * not be created.
   */
  async hasSubscribers(channel: string, options: Pick<EmitOptions, 'tenant'> = {}): Promise<boolean> {
    const topic = this.composer.topicOf(channel, options);
    return topic !== null && this.broker.hasSubscribers(topic);
  }

  /**
   * Runs code for a tenant. Events that it emits, also in code that it calls and awaits, belong to this tenant unless
   * they name another one.
   * @param tenant `null` for no tenant, inside code that has one
   */
  withTenant<T>(tenant: string | null, run: () => T): T {
    return inTenant(tenant, run);
  }

  /**
   * Validates and serialises an event without publishing it. Call the result to publish it. Data that does not match the
   * class of the channel is refused regardless of `invalidEvents`, because the caller can correct it.
   * @throws InvalidEventError
   */
  prepare(channel: string, data: unknown, options: EmitOptions = {}): () => Promise<EmittedEvent> {
    const prepared = this.composer.compose(channel, data, options, 'throw');
    return () => this.announce(channel, data, options, this.send(prepared));
  }

  /**
   * Validates an event, and returns its data as JSON for {@link publishJson}, and its tenant.
   * @throws InvalidEventError
   */
  serialise(channel: string, data: unknown, options: Pick<EmitOptions, 'tenant'> = {}): SerialisedEvent {
    const { json, topic } = this.composer.composeToStore(channel, data, options);
    return { json, tenant: tenantOf(topic) };
  }

  /** {@link publish} for data that is already JSON. The JSON is not serialised again. The caller handles a failure. */
  async publishJson(channel: string, json: string, options: EmitOptions = {}): Promise<EmittedEvent> {
    const result = await this.send(this.composer.composeJson(channel, json, options));
    // The outbox retries a failure, so observers are notified only of the success.
    if (this.observers.length > 0) {
      this.notifyObservers({ channel, data: JSON.parse(json) as unknown, options, result: Promise.resolve(result) });
    }
    return result;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await withTimeout(this.committed.settled(), SHUTDOWN_MS, () => undefined);
  }

  onApplicationShutdown(): void {
    this.committed.close();
  }

  /** Async, so that an invalid event rejects: `emit` never throws synchronously. */
  private async composeAndSend(channel: string, data: unknown, options: EmitOptions): Promise<EmittedEvent> {
    return this.send(this.composer.compose(channel, data, options));
  }

  private async publishMany(events: readonly unknown[]): Promise<EmittedEvent[]> {
    if (!Array.isArray(events)) {
      const error = new InvalidEventError('events', 'must be a list of { channel, data, options? }');
      await this.announce('', events, {}, Promise.reject(error));
    }
    const list = events.map(readEntry);
    const composed: ComposedEvent[] = [];
    for (const [index, { channel, data, options = {} }] of list.entries()) {
      try {
        composed.push(this.composer.compose(channel, data, options));
      } catch (error) {
        await this.announce(channel, data, options, Promise.reject(inList(error, index)));
      }
    }
    const results = composed.map((event, index) =>
      this.announce(event.channel, list[index]!.data, event.options, this.send(event)),
    );
    await Promise.allSettled(results);
    return Promise.all(results);
  }

  /** A failing observer must not make the event fail, because it may be published already. */
  private notifyObservers(attempt: EmitAttempt): void {
    for (const observer of this.observers) runSafely('An observer of onEmit', () => observer(attempt));
  }

  /**
   * Notifies the observers. A failure of the event is logged and counted, because the caller of `emit` may ignore it.
   * Never throws.
   */
  private announce(
    channel: string,
    data: unknown,
    options: EmitOptions,
    result: Promise<EmittedEvent>,
  ): Promise<EmittedEvent> {
    result.catch((error: unknown) => {
      const code = failureOf(error);
      this.counters.failedEvents.add(code);
      const where = this.composer.patternOf(channel) === null ? showChannel(channel) : channel;
      const kind = `${code} ${this.composer.patternOf(channel) ?? ''}`;
      this.log.warn(kind, () => `An event to ${where} was not published: ${thrownText(error)}`);
    });
    this.notifyObservers({ channel, data, options: options ?? {}, result });
    return result;
  }

  private async send(event: ComposedEvent): Promise<EmittedEvent> {
    const { channel, topic, options } = event;
    if (event.dropped) return { id: randomUUID(), channel, timestamp: isoNow(), dropped: true };
    const tenant = tenantOf(topic);
    if (tenant !== null && !this.tenantRates.take(tenant, performance.now())) {
      throw new TenantBusyError(`event rate limit of tenant ${tenant} exceeded (tenants.eventsPerSecond)`);
    }
    const timestamp = isoNow();
    const span = beginEmit(channel, event.pattern);
    const published = this.broker.publish({
      topic,
      body: eventBody(channel, event.json, timestamp, event.limited),
      history: event.history,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      idempotencyKey: options.idempotencyKey,
      idempotencyMs: options.idempotencyMs,
      traceparent: span?.traceparent,
    });
    const { measurements } = this.counters;
    const observed = measurements !== null || span !== null;
    const position = await (observed ? observe(published, topic, measurements, span) : published);
    this.counters.published += 1;
    this.counters.byTenant.add(tenant, 'published');
    return { id: position === null ? randomUUID() : formatPosition(position), channel, timestamp };
  }
}
