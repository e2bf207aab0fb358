import type { Position, RecoveryReason } from '../../protocol/index.js';
import type { HistoryWindow } from '../options/history-options.js';

export type { HistoryWindow };

/** An event to publish. */
export interface OutgoingEvent {
  readonly topic: string;
  /** The frame without its head: see `eventBody`. */
  readonly body: string;
  /** `null`: the event gets no position and is not stored. */
  readonly history: HistoryWindow | null;
  /**
   * Deduplicates events of a channel. If an event with the same key was published within the last 5 minutes, this event is not
   * published, and `publish` returns the position of the earlier one.
   */
  readonly idempotencyKey?: string | undefined;
  /** How long the key is remembered, in milliseconds, if not 5 minutes. */
  readonly idempotencyMs?: number | undefined;
  /** Time limit for publishing, in milliseconds from now. */
  readonly timeoutMs: number;
  /** The W3C traceparent of the `emit`, if it is sampled. It is transported next to the event, never sent to clients. */
  readonly traceparent?: string | undefined;
  /**
   * Instructions for the delivery to connections, opaque to the broker: printable ASCII without spaces, at most 2,000
   * characters. They are stored and delivered with the event, and never sent to clients.
   */
  readonly hints?: string | undefined;
}

/** An event as the broker delivers it, identical on every instance. */
export interface BrokerEvent {
  /** `null` on a channel without history. */
  readonly position: Position | null;
  readonly body: string;
  /**
   * Random number of this event, also stored in the history. No process can guess it before the event is delivered, so a
   * different mark at the same position reveals a forged event. `undefined` if only this broker can deliver events.
   */
  readonly mark?: number;
  /** The traceparent that was passed to `publish`, if it is known. */
  readonly traceparent?: string;
  /** The `hints` that were passed to `publish`, also in reads and pages. */
  readonly hints?: string;
}

export type ReadResult =
  /**
   * All events after the given position, in order, up to `top`. `at` is the event at the position itself, if it was requested and
   * is in the history.
   */
  | { readonly ok: true; readonly events: readonly BrokerEvent[]; readonly top: Position; readonly at?: BrokerEvent }
  /** An event is missing, so no events are returned. */
  | { readonly ok: false; readonly reason: RecoveryReason; readonly top: Position };

/** Limits of one read. A client that is further behind reloads instead. */
export interface ReadLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Stored events in order, without a gap. */
export interface HistoryPage {
  readonly events: readonly BrokerEvent[];
  /** Position of the last event of the channel when the page was read. */
  readonly top: Position;
  /** True if older events are stored. */
  readonly more: boolean;
}

/** Receives events and positions from the broker. Must not throw. */
export interface BrokerListener {
  event(topic: string, event: BrokerEvent): void;
  /**
   * The position of a subscribed channel, reported whenever events may have been missed. Events before it were delivered, or must
   * be read.
   * @param mark the mark of the event at that position, if it is in the history
   */
  position(topic: string, position: Position, mark?: number): void;
}

/** Reports whether events can be published and received. */
export interface BrokerStatus {
  readonly up: boolean;
  /** Reason why the broker is not up, as a sentence for operators. */
  readonly reason?: string;
}

/** Health of the broker. */
export interface BrokerHealth {
  /** Number and bytes of events that wait for their acknowledgement. */
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** Time since this instance last received its own ping through pub/sub, in milliseconds. `null` if the broker sends none. */
  readonly selfPingAgeMs: number | null;
}

/**
 * The port that numbers, stores and distributes events.
 *
 * Guarantees: every listener receives the events of a channel in the same order. An event is numbered, stored and distributed
 * atomically. Events that one process publishes on a channel keep their order. Offsets of one epoch increase by one. Not
 * guaranteed: that a listener receives every event. The listener detects a gap by the offset, and fills it with `read`.
 */
export abstract class Broker {
  abstract readonly status: BrokerStatus;

  abstract readonly health: BrokerHealth;

  /** Sets the listener for events of subscribed channels. Called once, before the first subscription. */
  abstract listen(listener: BrokerListener): void;

  /**
   * Publishes an event.
   * @returns the position of the event; `null` without history
   * @throws RealtimeUnavailableError if it was not acknowledged in time; it will not be published later
   */
  abstract publish(event: OutgoingEvent): Promise<Position | null>;

  /**
   * Starts to deliver the events of a channel. Nothing is stored for a channel without events: the epoch of its position may end
   * with the first event, but `read` from that position still returns this event.
   * @returns the position of the channel, `null` without history. Every later event is delivered, even before this resolves
   */
  abstract subscribe(topic: string, history: HistoryWindow | null): Promise<Position | null>;

  /** Stops delivering events of this channel. */
  abstract unsubscribe(topic: string): Promise<void>;

  /**
   * Returns all events after a position, or the reason why that is impossible. Never returns only some of them.
   * @param withAt also returns the event at the position, if events have a `mark`
   */
  abstract read(topic: string, after: Position, limits: ReadLimits, withAt?: boolean): Promise<ReadResult>;

  /**
   * Returns the stored events directly before a position, oldest first: as many as the limits allow, and at least one if one is
   * stored.
   * @param before `null`: the last stored events
   * @returns `null` if it is unknown which events came before the position
   * @throws RealtimeUnavailableError
   */
  abstract page(topic: string, before: Position | null, limits: ReadLimits): Promise<HistoryPage | null>;

  /**
   * Returns the last stored events of a channel, oldest first. For operators.
   * @throws RealtimeUnavailableError
   */
  async latest(topic: string, most: number): Promise<readonly BrokerEvent[]> {
    if (most < 1) return [];
    return (await this.page(topic, null, { maxEvents: most, maxBytes: Number.MAX_SAFE_INTEGER }))!.events;
  }

  /** Returns true if any instance is subscribed to this channel. */
  abstract hasSubscribers(topic: string): Promise<boolean>;

  /**
   * Returns the number of reachable instances that are subscribed to this channel.
   * @throws RealtimeUnavailableError
   */
  abstract listeners(topic: string): Promise<number>;

  /** Closes the broker. Events published afterwards are rejected. */
  abstract close(): Promise<void>;

  /**
   * Opens connections. Called before the application starts to serve; a broker that is used earlier opens them itself.
   * Constructors open no connections, because nothing would close them if the application fails to start.
   */
  start(): void {}
}
