/** What a client does besides taking events. */
export interface Habits {
  /** How long it stays on one connection, in milliseconds: it leaves and resumes on any instance; `null`: it never leaves. */
  readonly stayMs: readonly [from: number, to: number] | null;
  /** @default 'user' */
  readonly role?: string;
  /** Without an answer to a request for so long, it tries its luck elsewhere. @default 6000 */
  readonly answerMs?: number;
  /** How often, on each visit, it stops reading for a while. */
  readonly dozes?: { readonly chance: number; readonly forMs: readonly [from: number, to: number] };
}

/** A way to an instance. */
export interface Door {
  readonly port: number;
  readonly open: boolean;
}
