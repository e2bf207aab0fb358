import type { Position, RecoveryReason } from '../../protocol/index.js';

/** What is to be kept of a channel. */
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
   * Every event after the given position, in order: the last one stands at `top`. `at` is the event at that position, if it was asked
   * for and is kept.
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
   * Where a subscribed channel stands, told whenever events may have been missed: what lies before it was handed out, or is to be read.
   * @param mark that of the event there, if it is kept
   */
  position(topic: string, position: Position, mark?: number): void;
}

/** Whether events go through. */
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
 * The port behind which events are numbered, kept and carried between instances.
 *
 * It promises: one order per channel, the same for every listener; an event is numbered, kept and handed out in one
 * step or not at all; events of one process and channel keep the order in which they were published; offsets of one
 * epoch count up by one. It does not promise that a listener gets every event: the listener sees a hole by the offset,
 * and fills it with `read`.
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
   * Begins to hand out a channel's events.
   * It keeps nothing of a channel that never had an event: the epoch of such a position may end with the first event, which
   * `read` finds from there.
   * @returns where the channel stands (`null` without history): every event beyond it is handed out, before or after this resolves
   */
  abstract subscribe(topic: string, history: HistoryWindow | null): Promise<Position | null>;

  /** Hands out no more of this channel. */
  abstract unsubscribe(topic: string): Promise<void>;

  /**
   * Everything after a position, or the reason why it cannot be had; never a part of it.
   * @param withAt asks for the event at the position, too, where events have a `mark`
   */
  abstract read(topic: string, after: Position, limits: ReadLimits, withAt?: boolean): Promise<ReadResult>;

  /**
   * The last events that are kept of a channel, oldest first: for operators, who have no position.
   * @throws RealtimeUnavailableError
   */
  abstract latest(topic: string, most: number): Promise<readonly BrokerEvent[]>;

  /** Whether any instance has subscribed to this channel. */
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
