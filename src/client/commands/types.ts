import type { RealtimeCommands } from '../../protocol/commands.js';
import type { Signal } from '../signal.js';

/** Type in the compiler's error for a command that is not in the command map. */
export interface UnknownCommand<N extends string> {
  readonly 'this command is not in the command map': N;
}

/** A literal must be a command of the map. A `string` that is known only at run time is accepted. */
export type KnownCommand<C, N extends string> = string extends N ? N : N extends keyof C ? N : UnknownCommand<N>;

/** Type of the input of a command, by its name. */
export type InputOf<C, N extends string> = N extends keyof C
  ? C[N] extends { readonly input: infer Input }
    ? Input
    : undefined
  : unknown;

/** Type of the output of a command, by its name. */
export type OutputOf<C, N extends string> = N extends keyof C
  ? C[N] extends { readonly output: infer Output }
    ? Output
    : void
  : unknown;

/** Type of the progress of a command, by its name. */
export type ProgressOf<C, N extends string> = N extends keyof C
  ? C[N] extends { readonly progress: infer Progress }
    ? Progress
    : never
  : unknown;

/** Input and options of a call. The input of a command without one can be left out. */
export type CallArguments<Input> = undefined extends Input
  ? [input?: Input, options?: CallOptions]
  : [input: Input, options?: CallOptions];

/** Options of a call. */
export interface CallOptions {
  /**
   * Time from sending the call to its result, breaks of the connection included, in milliseconds. After it the call is
   * cancelled. @default 10000
   */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call, like `cancel()`; it rejects with the signal's reason. */
  readonly signal?: Signal | undefined;
  /**
   * Without a connection: `fail` rejects with `not_connected`; `queue` waits for the connection, and connects an idle
   * client. At most 100 calls wait. Each of them is sent after the result of the one before. @default 'fail'
   */
  readonly offline?: 'fail' | 'queue' | undefined;
  /**
   * Id of the call, 1 to 64 of `A-Z a-z 0-9 _ . : -`. The server runs a command once for each id: a call with the id of an
   * earlier one gets the result of that. @default a UUID
   */
  readonly callId?: string | undefined;
  /**
   * False for a command with `once: false`, which only reads: after a break the call is sent again at any time.
   * @default true
   */
  readonly once?: boolean | undefined;
}

/**
 * A call: a promise of its output, with its progress and a way to cancel it.
 * @throws RealtimeError the server's error, or of the client:
 * - `not_connected`: the call was not sent
 * - `timeout`: no answer in time; the outcome is unknown
 * - `interrupted`: the call was sent, and the outcome is unknown: the connection broke for too long, or the client
 *   continues as another user, or it was closed
 * - `cancelled`: `cancel()`; or the call was not sent, and the client continues as another user, or was closed
 */
export interface Call<Output = unknown, Progress = unknown> extends Promise<Output> {
  readonly callId: string;
  /**
   * Resolves once the listeners of the subscribed channels have finished the events that the command emitted, or have
   * handled a `reset`. Rejects like the call. The value is true if they have received all of these events; false if there
   * were none, or some are on channels that the client is not subscribed to, or did not arrive within a minute.
   */
  readonly settled: Promise<boolean>;
  /** Progress that the command reports, until it ends. A break of the connection can lose some. */
  readonly progress: AsyncIterable<Progress>;
  /**
   * Cancels the call: it rejects with `cancelled`, and the server ends the command, unless the connection is lost at that
   * moment. Has no effect after the result.
   */
  cancel(): void;
}

/** A client with `call`. `C` is the command map. */
export interface Calls<C extends object = RealtimeCommands> {
  /** Calls a command of the server. See {@link Call} for its errors. */
  call<const N extends string>(
    name: N & KnownCommand<C, N>,
    ...args: CallArguments<InputOf<C, N>>
  ): Call<OutputOf<C, N>, ProgressOf<C, N>>;
}
