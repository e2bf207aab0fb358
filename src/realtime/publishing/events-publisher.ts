import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown } from '@nestjs/common';
import type { RealtimeEvents } from '../../protocol/index.js';
import { Broker } from '../broker/broker.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { Counters } from '../observability/counters.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { inTenant } from '../tenants/current-tenant.js';
import { Tenants } from '../tenants/tenants.js';
import { tenantOf } from '../tenants/topic.js';
import { CommittedEvents, type CommitOptions } from './committed-events.js';
import { composeUnit, unitFor, type Unit } from './compose-entries.js';
import type { EmitAttempt, EmittedEvent, SerialisedEvent } from './emitted-event.js';
import { InvalidEventError } from './errors.js';
import { EmitReports } from './emit-reports.js';
import type { EmitOptions } from './emit-options.js';
import { EventComposer, type StoredOrigin } from './event-composer.js';
import { currentCause } from './current-cause.js';
import { exclusionOfSender, forSender, type Sender } from './current-sender.js';
import { inList, readEntry, type DataForAll, type EventToEmit } from './event-list.js';
import { EventSender } from './event-sender.js';
import { EventValidator } from './event-validator.js';
import { ignorable } from './publish-outcome.js';
import { inTransaction } from './transaction-scope.js';
import { channelOfUser } from './user-id.js';

/** Options of `events.transaction`. */
export interface TransactionOptions {
  /** Commits or rolls back separately, even inside another transaction, instead of as a savepoint. @default false */
  readonly independent?: boolean;
}

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
  private readonly composer: EventComposer;
  private readonly tenants: Tenants;
  private readonly committed: CommittedEvents;
  private readonly reports: EmitReports;
  private readonly sender: EventSender;

  constructor(
    private readonly broker: Broker,
    catalogue: ChannelCatalogue,
    counters: Counters,
    options: ResolvedRealtimeOptions,
  ) {
    this.composer = new EventComposer(catalogue, options, new EventValidator(options.invalidEvents, counters));
    this.tenants = new Tenants(options);
    this.reports = new EmitReports(this.composer, counters);
    this.sender = new EventSender(broker, counters, options.tenants.eventsPerSecond);
    this.committed = new CommittedEvents(this.composer, this.reports, this.sender);
  }

  /**
   * Publishes one event to several channels. All are validated before the first is published: if one refuses the event,
   * none receives it. A channel that is listed twice receives it once.
   * @param data matches the classes of all channels
   * @returns resolves when the event has its position in every channel, with one result per channel
   * @throws InvalidEventError for the first channel that refuses the event; its `field` names it: `channels[2]`
   * @throws RealtimeUnavailableError or TenantBusyError like {@link emitMany}
   */
  emit<const C extends readonly (keyof E & string)[]>(
    channels: C,
    data: DataForAll<E, C[number]>,
    options?: EmitOptions,
  ): Promise<EmittedEvent[]>;
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
  emit<C extends keyof E & string, D extends E[C]>(channel: C, data: D, options?: EmitOptions): Promise<EmittedEvent>;
  // For a wrong call the compiler reports the error of the last overload: that of the usual call.
  emit(
    channel: string | readonly string[],
    data: unknown,
    options: EmitOptions = {},
  ): Promise<EmittedEvent | EmittedEvent[]> {
    if (!Array.isArray(channel)) return this.publish(channel as string, data, options);
    return ignorable(this.publishUnit(unitFor(this.composer, channel, data, options)));
  }

  /**
   * Publishes several events, in this order. All are validated before the first is published: if one is invalid, none is
   * published.
   * @returns resolves when every event has its position, with the results in the order of the events
   * @throws InvalidEventError for the first invalid event; its `field` starts with the position in the list: `[2].data`
   * @throws RealtimeUnavailableError or TenantBusyError for the first event that was not acknowledged, after all others
   * were published or refused. To try again without publishing an event twice, give each an `idempotencyKey`
   */
  emitMany<T extends readonly EventToEmit<E>[]>(events: T): Promise<EmittedEvent[]> {
    return ignorable(this.publishMany(events));
  }

  /** Publishes one event to the private channel of a user. See {@link emit}. */
  emitToUser(userId: string, data: unknown, options: EmitOptions = {}): Promise<EmittedEvent> {
    let channel: string;
    try {
      channel = channelOfUser(userId);
    } catch (error) {
      return this.reports.announce({ channel: 'user:', data, options, result: Promise.reject(error) });
    }
    return this.publish(channel, data, options);
  }

  /**
   * Publishes one event, to one channel or several, after the current transaction commits, and never if it is rolled back.
   * Without a transaction, publishes it at once. The transaction is that of {@link transaction}, or of a client that
   * `bindTransactions` bound. The event is validated at once; after the commit it is retried until it is published, while the
   * process lives.
   * @throws InvalidEventError for an unknown channel, or data that cannot be sent
   */
  afterCommit<const C extends readonly (keyof E & string)[]>(
    channels: C,
    data: DataForAll<E, C[number]>,
    options?: CommitOptions,
  ): void;
  afterCommit<C extends keyof E & string, D extends E[C]>(channel: C, data: D, options?: CommitOptions): void;
  afterCommit(channel: string | readonly string[], data: unknown, options: CommitOptions = {}): void {
    this.committed.add(channel, data, options);
  }

  /**
   * Calls back for every event that the application tries to publish, including refused ones: for tests, and for custom
   * records. An error of the callback is logged and has no other effect.
   */
  onEmit(callback: (attempt: EmitAttempt) => void | Promise<void>): void {
    this.reports.observe(callback);
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
    return this.reports.announce({ channel, data, options, result: this.composeAndSend(channel, data, options) });
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
   * Runs code for a client. Events that it emits, also in code that it calls and awaits, are not delivered to this
   * connection of this user, unless they name another connection (`except`). `SenderInterceptor` calls it for requests.
   * @param sender `connectionId` as the client sent it: an id of another user's connection, or one that is malformed, has no
   * effect. `userId` from a verified token. `null` for no sender, inside code that has one
   */
  withSender<T>(sender: Sender | null, run: () => T): T {
    if (sender === null) return forSender(null, run);
    const { connectionId, userId, tenant } = sender;
    return forSender(exclusionOfSender(connectionId, this.tenants.userKeyOf(userId, tenant)), run);
  }

  /**
   * Validates and serialises an event without publishing it. Call the result to publish it. Data that does not match the
   * class of the channel is refused regardless of `invalidEvents`, because the caller can correct it.
   * @throws InvalidEventError
   */
  prepare(channel: string, data: unknown, options: EmitOptions = {}): () => Promise<EmittedEvent> {
    const prepared = this.composer.compose(channel, data, options, 'throw');
    return () => this.reports.announce({ channel, data, options, result: this.sender.send(prepared) });
  }

  /**
   * Validates an event, and returns its data as JSON for {@link publishJson}, and its tenant.
   * @throws InvalidEventError
   */
  serialise(channel: string, data: unknown, options: Pick<EmitOptions, 'tenant' | 'except'> = {}): SerialisedEvent {
    const { json, topic, hints } = this.composer.composeToStore(channel, data, options);
    const cause = currentCause();
    cause?.stores({ channel, topic, hints });
    return { json, tenant: tenantOf(topic), exclusion: hints.except ?? null, cause: cause?.id ?? null };
  }

  /**
   * {@link publish} for data that is already JSON. The JSON is not serialised again. The caller handles a failure.
   * @param stored the `exclusion` and the `cause` of {@link serialise}
   */
  async publishJson(
    channel: string,
    json: string,
    options: EmitOptions = {},
    stored: StoredOrigin = {},
  ): Promise<EmittedEvent> {
    const result = await this.sender.publish(this.composer.composeJson(channel, json, options, stored));
    // The outbox retries a failure, so observers are notified only of the success.
    if (this.reports.hasObservers) {
      this.reports.notify({ channel, data: JSON.parse(json) as unknown, options, result: Promise.resolve(result) });
    }
    return result;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.committed.settled();
  }

  onApplicationShutdown(): void {
    this.committed.close();
  }

  /** Async, so that an invalid event rejects: `emit` never throws synchronously. */
  private async composeAndSend(channel: string, data: unknown, options: EmitOptions): Promise<EmittedEvent> {
    return this.sender.send(this.composer.compose(channel, data, options));
  }

  private async publishMany(events: readonly unknown[]): Promise<EmittedEvent[]> {
    if (!Array.isArray(events)) {
      const error = new InvalidEventError('events', 'must be a list of { channel, data, options? }');
      await this.reports.announce({ channel: '', data: events, options: {}, result: Promise.reject(error) });
    }
    return this.publishUnit({ entries: events.map(readEntry), locate: inList });
  }

  /** Validates all events before it publishes the first. */
  private async publishUnit(unit: Unit): Promise<EmittedEvent[]> {
    const outcome = composeUnit(this.composer, unit);
    if (outcome.refused !== undefined) {
      const { channel, data, options = {} } = outcome.refused;
      return [await this.reports.announce({ channel, data, options, result: Promise.reject(outcome.error) })];
    }
    const results = outcome.composed.map((event, index) => {
      const { channel, options } = event;
      const { data } = unit.entries[index]!;
      return this.reports.announce({ channel, data, options, result: this.sender.send(event) });
    });
    await Promise.allSettled(results);
    return Promise.all(results);
  }
}
