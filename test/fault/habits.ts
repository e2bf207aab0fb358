/** Behavior of a client besides receiving events. */
export interface Habits {
  /** Duration of one connection, in milliseconds, after which it resumes on any instance; `null`: it never leaves. */
  readonly stayMs: readonly [from: number, to: number] | null;
  /** @default 'user' */
  readonly role?: string;
  /** Time without a reply after which it tries another instance, in milliseconds. @default 6000 */
  readonly answerMs?: number;
  /**
   * Connects over server-sent events instead of WebSocket, and resumes with frames, or with the cursor of the stream.
   * @default 'no'
   */
  readonly streams?: 'no' | 'frames' | 'cursor';
  /** Probability and duration of pauses in reading on each connection. */
  readonly dozes?: { readonly chance: number; readonly forMs: readonly [from: number, to: number] };
}

/** A port through which an instance is reachable. */
export interface EntryPoint {
  readonly port: number;
  readonly open: boolean;
}
