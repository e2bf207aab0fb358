import type { Position, RecoveryReason } from '../../protocol/index.js';

/** The size and lifetime of a channel's history. */
export interface HistoryWindow {
  readonly size: number;
  readonly ttlMs: number;
}

/** One event on its way in. */
export interface OutgoingEvent {
  readonly topic: string;
  /** The frame without its head: see `eventBody`. */
  readonly body: string;
  /** `null`: the event gets no number and is not kept. */
  readonly history: HistoryWindow | null;
  /** A second event of this channel with the same key within 5 minutes is not published; the first one's position is the answer. */
  readonly idempotencyKey?: string;
  /** How long the key is remembered instead of 5 minutes, in milliseconds. */
  readonly idempotencyMs?: number;
  /** When it is given up, in milliseconds from now. */
  readonly timeoutMs: number;
  /** The W3C traceparent of its `emit`, where that is sampled: it goes beside the event, never to a client. */
  readonly traceparent?: string;
}

/** One event as it comes out, on every instance alike. */
export interface BrokerEvent {
  /** `null` on a channel without history. */
  readonly position: Position | null;
  readonly body: string;
  /**
   * A random number of this event, the same in the history, that no process can guess before the event is handed out: an event
   * with another one at the same position was forged. `undefined` if only this broker can hand out events.
   */
  readonly mark?: number;
  /** As it was given to `publish`; what is read from the history has none. */
  readonly traceparent?: string;
}

export type ReadResult =
  /**
   * All events after the given position, in order, up to `top`. `at` is the event at the position itself, if it was
   * requested and is in the history.
   */
  | { readonly ok: true; readonly events: readonly BrokerEvent[]; readonly top: Position; readonly at?: BrokerEvent }
  /** An event is missing, so none are given. */
  | { readonly ok: false; readonly reason: RecoveryReason; readonly top: Position };

/** A reader further behind than either of these reloads instead. */
export interface ReadLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** Takes what the broker hands out. It must not throw. */
export interface BrokerListener {
  event(topic: string, event: BrokerEvent): void;
  /**
   * The position of a subscribed channel, reported whenever events may have been missed. Events before it were
   * delivered, or have to be read.
   * @param mark of the event at that position, if it is in the history
   */
  position(topic: string, position: Position, mark?: number): void;
}

/** Reports whether events can be published and received. */
export interface BrokerStatus {
  readonly up: boolean;
  /** Why not, as a sentence for operators. */
  readonly reason?: string;
}

/** How the broker does. */
export interface BrokerHealth {
  /** Events that wait to be acknowledged, and their bytes. */
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** How long ago this instance heard itself through pub/sub, in milliseconds; `null` where there is none. */
  readonly selfPingAgeMs: number | null;
}

/**
 * The port that numbers, stores and distributes events.
 *
 * It promises: one order per channel, the same for every listener; an event is numbered, stored and distributed in one
 * step or not at all; events of one process and channel keep the order in which they were published; offsets of one
 * epoch increase by one. It does not promise that a listener receives every event: the listener detects a gap by the
 * offset, and fills it with `read`.
 */
export abstract class Broker {
  abstract readonly status: BrokerStatus;

  abstract readonly health: BrokerHealth;

  /** Sets who takes the events of subscribed channels. Called once, before anything is subscribed. */
  abstract listen(listener: BrokerListener): void;

  /**
   * @returns the event's position; `null` without history
   * @throws RealtimeUnavailableError when it was not acknowledged in time; it will not be published later
   */
  abstract publish(event: OutgoingEvent): Promise<Position | null>;

  /**
   * Starts to deliver the events of a channel. Nothing is stored for a channel that never had an event: the epoch of
   * such a position may end with the first event, and `read` finds that event from there.
   * @returns the channel's position (`null` without history): every later event is delivered, before or after this
   * resolves
   */
  abstract subscribe(topic: string, history: HistoryWindow | null): Promise<Position | null>;

  /** Hands out no more of this channel. */
  abstract unsubscribe(topic: string): Promise<void>;

  /**
   * Returns all events after a position, or the reason why that is impossible; never a part of them.
   * @param withAt also returns the event at the position, if events have a `mark`
   */
  abstract read(topic: string, after: Position, limits: ReadLimits, withAt?: boolean): Promise<ReadResult>;

  /**
   * The last events that are kept of a channel, oldest first: for operators, who have no position.
   * @throws RealtimeUnavailableError
   */
  abstract latest(topic: string, most: number): Promise<readonly BrokerEvent[]>;

  /** Returns true if any instance has subscribed to this channel. */
  abstract hasSubscribers(topic: string): Promise<boolean>;

  /** How many instances have subscribed to this channel and can be reached. @throws RealtimeUnavailableError */
  abstract listeners(topic: string): Promise<number>;

  /** Ends it; what is published after this is refused. */
  abstract close(): Promise<void>;

  /**
   * Opens connections. Called once the application is about to serve; a broker that is used before opens them by itself.
   * A constructor opens none: nothing closes them if the application fails to start.
   */
  start(): void {}
}
