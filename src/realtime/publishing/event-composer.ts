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
import { checkOptions, readOptions, type EmitOptions } from './emit-options.js';
import { InvalidEventError } from './errors.js';
import { toJson } from './event-json.js';
import { checkStatePatch } from './check-state-patch.js';
import type { EventValidator } from './event-validator.js';

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

  private check(channel: string, options: EmitOptions): Channel {
    const known = this.find(channel);
    if (known === null) throw new InvalidEventError('channel', `is not registered: ${showChannel(channel)}`);
    if (known.stream !== null) {
      throw new InvalidEventError(
        'channel',
        `is a stream: write to it by RealtimeStreams.open: ${showChannel(channel)}`,
      );
    }
    checkOptions(options, known);
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

/** Formats a channel name for an error message. Accepts any value. */
export function showChannel(channel: unknown): string {
  if (typeof channel === 'string') return JSON.stringify(channel).slice(0, 220);
  return channel === null ? 'null' : typeof channel;
}
