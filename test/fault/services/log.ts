import type { FaultMark } from '../log.js';

/**
 * The log of a run with presence, control commands and revocations: the only input of their checkers. Times are
 * milliseconds of the process that runs all clients.
 */
export interface ServiceLog {
  readonly faults: FaultMark[];
  readonly lives: Life[];
  readonly visits: Visit[];
  readonly views: View[];
  readonly orders: Order[];
  /** End of the run; `Infinity` before that. */
  endedAt: number;
}

/** Name of the fault in which an instance is killed and replaced by another process. */
export const KILL = 'SIGKILL';

/** One process of an instance. */
export interface Life {
  /** Id that the instance chose. */
  readonly id: string;
  readonly from: number;
  /** Time of its kill; `null` if it lived to the end. */
  to: number | null;
}

/** One connection or attempt. */
export interface Visit {
  readonly user: string;
  /** The `jti` of its token. */
  readonly session: string;
  /** Process that it connected to. */
  readonly life: string;
  readonly startedAt: number;
  /** Time of `connected`; `null` if it was not accepted. */
  openedAt: number | null;
  /** Time at which the client began to wait for `subscribed` of the presence channel, once that arrived. */
  joinedAt: number | null;
  /** Time at which the client closed it or noticed the close; `null` if it was open to the end. */
  closedAt: number | null;
  /** Close code of the server; `null` if the client closed it. */
  code: number | null;
}

/** Presence frame of one watcher. */
export type View =
  | { readonly kind: 'list'; readonly watcher: string; readonly at: number; readonly members: readonly string[] }
  | {
      readonly kind: 'diff';
      readonly watcher: string;
      readonly at: number;
      readonly joined: readonly string[];
      readonly left: readonly string[];
    }
  /** The connection ended: the watcher knows nothing until the next list. */
  | { readonly kind: 'gone'; readonly watcher: string; readonly at: number };

/** One control command with its response. */
export interface Order {
  readonly do: 'disconnect' | 'revoke';
  /** User of `disconnect`, or session of `revoke`. */
  readonly target: string;
  readonly startedAt: number;
  readonly settledAt: number;
  /** Response; `null` if the instance refused or did not respond. */
  readonly result: { readonly confirmed: readonly string[]; readonly missing: readonly string[] } | null;
}

export function emptyServiceLog(): ServiceLog {
  return { faults: [], lives: [], visits: [], views: [], orders: [], endedAt: Infinity };
}
