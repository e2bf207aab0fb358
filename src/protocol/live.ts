/** Frames of live resources: channels whose subscribers receive their state, and then patches of it as events. */

/** The state of a channel after the event with this id. It replaces the state that the client holds. */
export interface StateFrame {
  readonly type: 'state';
  readonly channel: string;
  /** Id of the last event that the state contains. The events that follow come directly after it. */
  readonly id: string;
  readonly data: unknown;
  readonly timestamp: string;
}

/**
 * Part of a large state. The texts of all parts, joined in order, are the JSON of `data`. No event of the channel comes between
 * two parts.
 */
export interface StatePartFrame {
  readonly type: 'state';
  readonly channel: string;
  readonly id: string;
  /** Number of this part, from 1. */
  readonly part: number;
  readonly parts: number;
  readonly text: string;
  readonly timestamp: string;
}

/** Reasons why the state of a channel cannot be sent. */
export const STATE_ERRORS = ['unavailable', 'too_large'] as const;
export type StateErrorCode = (typeof STATE_ERRORS)[number];

/** The state cannot be sent. The subscription stays, and a `state` frame follows when it can. */
export interface StateErrorFrame {
  readonly type: 'state_error';
  readonly channel: string;
  readonly code: StateErrorCode;
  readonly message: string;
  readonly timestamp: string;
}

/** Frames that only subscriptions with `state` receive. */
export type LiveFrame = StateFrame | StatePartFrame | StateErrorFrame;

/** Name in `features` of a server with live resources. */
export const STATE_FEATURE = 'state';
