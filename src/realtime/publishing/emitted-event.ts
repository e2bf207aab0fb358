import type { EmitOptions } from './emit-options.js';

/** Result of `emit`. */
export interface EmittedEvent {
  /** Id of the event, as subscribers receive it. On a channel without history the id is not sent to them. */
  readonly id: string;
  readonly channel: string;
  /** ISO 8601, UTC, milliseconds. */
  readonly timestamp: string;
  /** True if nothing was sent, because the data does not match the class of the channel and `invalidEvents` is `drop`. */
  readonly dropped?: true;
}

/** An event to be stored and published later, with `publishJson`. */
export interface SerialisedEvent {
  /** Its data as JSON. */
  readonly json: string;
  readonly tenant: string | null;
  /** The connection that does not receive it, or `null`. */
  readonly exclusion: string | null;
  /** Id of the call of a command that causes it, or `null`. */
  readonly cause: string | null;
}

/** An event that the application tried to publish, for `onEmit`. */
export interface EmitAttempt {
  readonly channel: string;
  /** The data passed to `emit`. For an event of the outbox, the stored data. */
  readonly data: unknown;
  readonly options: EmitOptions;
  /**
   * Result of `emit`, or its rejection. For `afterCommit`, it resolves after the event was
   * published.
   */
  readonly result: Promise<EmittedEvent>;
}
