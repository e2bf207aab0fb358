/** Frames of commands: a client calls a command of the application, and the server answers with its result. */

/** Frame that calls a command, or cancels a call. */
export type CommandRequestFrame =
  | {
      readonly type: 'call';
      /** Name of a command of the application. */
      readonly name: string;
      /** Id of the call, unique for its user: 1 to 64 of `A-Z a-z 0-9 _ . : -`. A call with the same id is the same call. */
      readonly callId: string;
      /** Input of the command: any JSON. */
      readonly data?: unknown;
    }
  | { readonly type: 'cancel'; readonly callId: string };

/** Frame that ends a call. If the command fails, an `error` frame ends it. */
export interface ResultFrame {
  readonly type: 'result';
  readonly callId: string;
  /** `null` if the command returns nothing. */
  readonly data: unknown;
  /** Events that were emitted while the command ran, on channels that the caller can use. Absent if there are none. */
  readonly effects?: readonly Effect[];
}

/** Frame that a running command sends. */
export interface ProgressFrame {
  readonly type: 'progress';
  readonly callId: string;
  readonly data: unknown;
  readonly timestamp: string;
}

/** An event that was emitted while a command ran. */
export interface Effect {
  readonly channel: string;
  /** Id of the event. Absent if it had none when the command ended: the event then carries the call's id as `cause`. */
  readonly id?: string;
}

/** How this server keeps the outcomes of calls. */
export interface CommandSupport {
  /** Time for which an outcome is kept, in milliseconds. A call that is older must not be sent again. */
  readonly windowMs: number;
  /** Incarnation of the store of outcomes. A call that was sent under another epoch must not be sent again. */
  readonly epoch: string;
}
