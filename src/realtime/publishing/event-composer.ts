import { isCallId } from '../../protocol/index.js';
import type { HistoryWindow } from '../broker/broker.js';
import type { Channel, ChannelCatalogue } from '../channels/channel-catalogue.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { thrownText } from '../observability/thrown-text.js';
import { TenantError, Tenants } from '../tenants/tenants.js';
import type { InvalidEvents } from '../options/invalid-events.js';
import type { DeclaredFields } from '../channels/fields/declared-fields.js';
import { stateFieldsOf } from '../channels/live-definition.js';
import { mayHaveProto, parseWithoutProto } from '../channels/fields/without-proto.js';
import { isExclusion, type DeliveryHints } from '../schemas/delivery-hints.js';
import { currentCause } from './current-cause.js';
import { currentSender } from './current-sender.js';
import { shapeProblem } from './data-shape.js';
import { InvalidEventError } from './errors.js';
import { toJson } from './event-json.js';
import { checkStatePatch } from './check-state-patch.js';
import type { EventValidator } from './event-validator.js';

/** Options of `emit`. */
export interface EmitOptions {
  /**
   * With the option `tenants`: tenant of the event. @default the tenant of the running code (`withTenant`); global
   * channels have none
   */
  readonly tenant?: string;
  /**
   * Idempotency key, at most 200 characters. A second emit to this channel with the same key within 5 minutes publishes
   * nothing, and returns the id of the first event.
   */
  readonly idempotencyKey?: string;
  /** Time for which the key is remembered, in milliseconds, at most a day. @default 300000 */
  readonly idempotencyMs?: number;
  /**
   * Id of a connection that does not receive the event, live or in a replay: that of the sender (`Connection.senderId`).
   * `null` for none. @default the sender of the running code (`SenderInterceptor`)
   */
  readonly except?: string | null;
  /**
   * Key of the event, at most 200 characters, on a channel without history: a client that reads too slowly receives only the
   * newest event of each key, such as the last position of a cursor.
   */
  readonly conflate?: string;
  /** Time limit of the emit, in milliseconds. After the emit was rejected, the event is never published. @default 10000 */
  readonly timeoutMs?: number;
}

/** Origin of an event that was stored before it is published. */
export interface StoredOrigin {
  /** The exclusion of its sender. */
  readonly exclusion?: string | undefined;
  /** Id of the call that caused it. */
  readonly cause?: string | undefined;
}

/** A validated event. `data` is serialised already, and is not serialised again. */
export interface ComposedEvent {
  readonly channel: string;
  readonly topic: string;
  readonly pattern: string;
  readonly json: string;
  /** True if some clients receive only a part of its data. */
  readonly limited: boolean;
  readonly history: HistoryWindow | null;
  readonly hints: DeliveryHints;
  /** Id of the call that caused it, if the answer to the call cannot name its position. */
  readonly cause?: string;
  /** True if the data does not match the class of the channel and such events are not sent (`invalidEvents: 'drop'`). */
  readonly dropped: boolean;
  readonly options: EmitOptions;
}

const MAX_KEY_LENGTH = 200;
const MAX_IDEMPOTENCY_MS = 86_400_000;

/** Validates events before they are published. JavaScript callers can pass any value. */
export class EventComposer {
  private readonly tenants: Tenants;

  constructor(
    private readonly catalogue: ChannelCatalogue,
    private readonly options: ResolvedRealtimeOptions,
    private readonly validator: EventValidator,
  ) {
    this.tenants = new Tenants(options);
  }

  /** Returns the topic of a channel, or `null` if the channel is not registered. @throws InvalidEventError */
  topicOf(channel: string, options: Pick<EmitOptions, 'tenant'>): string | null {
    const { tenant } = readOptions(options);
    const known = this.find(channel);
    return known === null ? null : this.topicOfKnown(channel, known, tenant);
  }

  /** Returns the pattern of a channel. Accepts any value; returns `null` if it is not a registered channel. */
  patternOf(channel: unknown): string | null {
    return this.find(channel)?.pattern ?? null;
  }

  private find(channel: unknown): Channel | null {
    return typeof channel === 'string' ? this.catalogue.find(channel) : null;
  }

  /**
   * Validates and serialises an event.
   * @param mode handling of data that does not match the class of the channel; default: the option
   * @param serialise serialises the data, if it is shared with other events
   * @throws InvalidEventError
   */
  compose(
    channel: string,
    data: unknown,
    given: EmitOptions,
    mode?: InvalidEvents,
    serialise: () => string = () => this.serialise(data),
  ): ComposedEvent {
    const options = readOptions(given);
    const known = this.check(channel, options);
    const json = serialise();
    this.checkShape(known, data);
    if (isLive(known)) checkStatePatch(JSON.parse(json));
    const dropped = !this.validator.admits(channel, known, data, mode);
    return this.composed(channel, known, json, options, dropped);
  }

  /**
   * {@link compose} for an event that is stored first. Data that the option drops or counts is handled when the event is
   * sent. @throws InvalidEventError
   */
  composeToStore(channel: string, data: unknown, given: EmitOptions): ComposedEvent {
    const options = readOptions(given);
    const known = this.check(channel, options);
    const json = this.serialise(data);
    this.checkShape(known, data);
    if (isLive(known)) checkStatePatch(JSON.parse(json));
    if (this.validator.mode === 'throw') this.validator.admits(channel, known, data);
    return this.composed(channel, known, json, options, false);
  }

  /**
   * {@link compose} for data that was stored as JSON.
   * @throws InvalidEventError
   */
  composeJson(channel: string, json: string, options: EmitOptions, stored: StoredOrigin = {}): ComposedEvent {
    const known = this.check(channel, options);
    const { exclusion, cause } = stored;
    if (exclusion !== undefined && !isExclusion(exclusion)) {
      throw new InvalidEventError('except', 'must be the id of a connection');
    }
    if (cause !== undefined && !isCallId(cause)) throw new InvalidEventError('cause', 'must be the id of a call');
    this.checkSize(json);
    try {
      return this.composeStored(channel, known, json, options, stored);
    } catch (error) {
      if (error instanceof InvalidEventError) throw error;
      // The error would repeat, and the outbox would wait for this event forever: for example JSON that is nested too
      // deeply.
      throw new InvalidEventError('data', `cannot be read as JSON: ${thrownText(error)}`);
    }
  }

  private composeStored(
    channel: string,
    known: Channel,
    json: string,
    options: EmitOptions,
    stored: StoredOrigin,
  ): ComposedEvent {
    if (isLive(known)) checkStatePatch(JSON.parse(json));
    const isChecked = known.data === null || this.validator.mode === 'throw';
    const data: unknown = isChecked ? null : JSON.parse(json);
    if (!isChecked) this.checkShape(known, data);
    const dropped = !isChecked && !this.validator.admits(channel, known, data);
    return this.composed(channel, known, json, options, dropped, stored);
  }

  private composed(
    channel: string,
    known: Channel,
    json: string,
    options: EmitOptions,
    dropped: boolean,
    { exclusion, cause = causeOf(known) }: StoredOrigin = {},
  ): ComposedEvent {
    const topic = this.topicOfKnown(channel, known, options.tenant);
    const sent = withoutUndeclared(json, known.declared);
    this.validator.noteUsers(channel, known, sent);
    return {
      channel,
      topic,
      pattern: known.pattern,
      json: sent,
      limited: known.fields?.restricts === true,
      history: known.history,
      // Every subscriber needs every patch of a state, also of the client that caused it.
      hints: isLive(known) ? {} : { except: exclusion ?? exclusionFor(options), conflate: options.conflate },
      dropped,
      options,
      ...(cause === undefined ? {} : { cause }),
    };
  }

  private topicOfKnown(channel: string, known: Channel, tenant: string | undefined): string {
    try {
      return this.tenants.topicOf(channel, known.global, tenant);
    } catch (error) {
      throw error instanceof TenantError ? new InvalidEventError('tenant', error.message) : error;
    }
  }

  private check(channel: string, { idempotencyKey, idempotencyMs, timeoutMs, except, conflate }: EmitOptions): Channel {
    const known = this.find(channel);
    if (known === null) throw new InvalidEventError('channel', `is not registered: ${showChannel(channel)}`);
    if (known.stream !== null) {
      throw new InvalidEventError(
        'channel',
        `is a stream: write to it by RealtimeStreams.open: ${showChannel(channel)}`,
      );
    }
    if (idempotencyKey !== undefined && !isKey(idempotencyKey)) {
      throw new InvalidEventError('idempotencyKey', `must have 1 to ${MAX_KEY_LENGTH} characters`);
    }
    if (idempotencyMs !== undefined && !isDuration(idempotencyMs)) {
      throw new InvalidEventError(
        'idempotencyMs',
        `must be a whole number of milliseconds from 1 to ${MAX_IDEMPOTENCY_MS}`,
      );
    }
    if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
      throw new InvalidEventError('timeoutMs', `must be a number of milliseconds above 0`);
    }
    if (except !== undefined && except !== null && !isExclusion(except)) {
      throw new InvalidEventError('except', 'must be the id of a connection');
    }
    if (conflate !== undefined) checkConflation(conflate, known);
    return known;
  }

  /** Returns data as JSON. @throws InvalidEventError */
  serialise(data: unknown): string {
    const json = toJson(data);
    this.checkSize(json);
    return json;
  }

  /** Rejects data that would be expensive to transform for validation. @throws InvalidEventError */
  private checkShape({ data: type }: Channel, data: unknown): void {
    const problem = type === null ? null : shapeProblem(data, this.options.maxEventKeys);
    if (problem !== null) throw new InvalidEventError('data', problem);
  }

  private checkSize(json: string): void {
    const { maxEventBytes } = this.options;
    // UTF-8 has at most three bytes per UTF-16 unit, so most events need no exact count.
    if (json.length * 3 > maxEventBytes && Buffer.byteLength(json) > maxEventBytes) {
      throw new InvalidEventError('data', `is larger than ${maxEventBytes} bytes as JSON (the option maxEventBytes)`);
    }
  }
}

/** Returns true for a channel with a state, whose events are patches. */
function isLive(channel: Channel): boolean {
  return stateFieldsOf(channel) !== null;
}

/** Removes undeclared fields, and `__proto__`, which is never sent. */
function withoutUndeclared(json: string, declared: DeclaredFields | null): string {
  if (declared === null && !mayHaveProto(json)) return json;
  const data = parseWithoutProto(json);
  declared?.strip(data);
  return JSON.stringify(data);
}

/** Returns the exclusion of an event: that of its options, otherwise the sender of the running code. */
function exclusionFor({ except }: EmitOptions): string | undefined {
  return (except === undefined ? currentSender() : except) ?? undefined;
}

/** Returns the call that an event names because it has no position: without history, an event has none. */
function causeOf({ history }: Channel): string | undefined {
  return history === null ? currentCause()?.id : undefined;
}

function checkConflation(key: unknown, { history }: Channel): void {
  const isValid = isKey(key) && !/[\ud800-\udfff]/u.test(key as string);
  if (!isValid) throw new InvalidEventError('conflate', `must have 1 to ${MAX_KEY_LENGTH} characters of valid Unicode`);
  if (history !== null) {
    throw new InvalidEventError('conflate', 'needs a channel without history: history: false in its definition');
  }
}

function isKey(key: unknown): boolean {
  return typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH;
}

function isDuration(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= MAX_IDEMPOTENCY_MS;
}

/** Formats a channel name for an error message. Accepts any value. */
export function showChannel(channel: unknown): string {
  if (typeof channel === 'string') return JSON.stringify(channel).slice(0, 220);
  return channel === null ? 'null' : typeof channel;
}

/**
 * Validates the options of an emit, which can be any value without TypeScript.
 * @throws InvalidEventError
 */
export function readOptions(options: EmitOptions | null | undefined): EmitOptions {
  if (options === undefined || options === null) return {};
  if (typeof options === 'object' && !Array.isArray(options)) return options;
  throw new InvalidEventError(
    'options',
    `must be an object such as { idempotencyKey }, not ${Array.isArray(options) ? 'a list' : `a ${typeof options}`}`,
  );
}
