import type { FaultMark } from '../log.js';

/**
 * The log of a run over presence, control commands and revocations: all that their checkers look at. Times are milliseconds
 * of the one process that runs every client.
 */
export interface ServiceLog {
  readonly faults: FaultMark[];
  readonly lives: Life[];
  readonly visits: Visit[];
  readonly views: View[];
  readonly orders: Order[];
  /** When the run ended; `Infinity` before that. */
  endedAt: number;
}

/** The name of the fault in which an instance is killed and another process takes its place. */
export const KILL = 'SIGKILL';

/** One process of an instance. */
export interface Life {
  /** The id that the instance gave itself. */
  readonly id: string;
  readonly from: number;
  /** When it was killed; `null` if it lived to the end. */
  to: number | null;
}

/** One connection, or one attempt. */
export interface Visit {
  readonly user: string;
  /** The `jti` of its token. */
  readonly session: string;
  /** The life that it went to. */
  readonly life: string;
  readonly startedAt: number;
  /** When `connected` arrived; `null` if it was not accepted. */
  openedAt: number | null;
  /** When the client began to wait for `subscribed` of the channel with presence, and when that arrived. */
  joinedAt: number | null;
  /** When the client closed it, or learned that it was closed; `null` if it was open to the end. */
  closedAt: number | null;
  /** Of the server; `null` if the client closed it. */
  code: number | null;
}

/** What one watcher received. */
export type View =
  | { readonly kind: 'list'; readonly watcher: string; readonly at: number; readonly members: readonly string[] }
  | {
      readonly kind: 'diff';
      readonly watcher: string;
      readonly at: number;
      readonly joined: readonly string[];
      readonly left: readonly string[];
    }
  /** Its connection ended: it knows nothing until the next list. */
  | { readonly kind: 'gone'; readonly watcher: string; readonly at: number };

/** One control command, and its answer. */
export interface Order {
  readonly do: 'disconnect' | 'revoke';
  /** The user of `disconnect`, the session of `revoke`. */
  readonly target: string;
  readonly startedAt: number;
  readonly settledAt: number;
  /** The answer; `null` if the instance refused it, or did not answer. */
  readonly result: { readonly confirmed: readonly string[]; readonly missing: readonly string[] } | null;
}

export function emptyServiceLog(): ServiceLog {
  return { faults: [], lives: [], visits: [], views: [], orders: [], endedAt: Infinity };
}
