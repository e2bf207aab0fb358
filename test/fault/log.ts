import type { LiveRecord } from './live/live-log.js';

/**
 * The log of a run, and the only input of the checker. Entries are in the order in which they happened, as seen by the
 * process that runs emitters and clients; `at` is its monotonic clock in milliseconds.
 */

/** Outcome of an emit. */
export type Outcome =
  /** The response had an id. */
  | 'acknowledged'
  /** The response was 503: the event may have been published before, but never will be later. */
  | 'rejected'
  /** Like `rejected` with `mayBePublished: false`: the event was not published before either. */
  | 'notPublished'
  /** The connection to the instance broke: the outcome is unknown to the publisher. */
  | 'unknown'
  /** No response in time from a live instance. */
  | 'unsettled';

/** One event that was sent to an instance, with any outcome. */
export interface EmitRecord {
  /** Unique in the run; part of the event's data. */
  readonly key: string;
  readonly channel: string;
  /** The emitter. Its emits to one channel reach its instance in order. */
  readonly publisher: string;
  /** Number of the emit among those of this publisher to this channel. */
  readonly sequence: number;
  readonly startedAt: number;
  readonly settledAt: number;
  readonly outcome: Outcome;
  /** Set for acknowledged events of channels with history. */
  readonly id?: string;
}

interface Seen {
  readonly at: number;
  readonly client: string;
  readonly channel: string;
}

/** A page of a history that a client received. */
export interface PageRecord extends Seen {
  readonly kind: 'page';
  readonly askedAt: number;
  readonly before?: string;
  readonly events: readonly { readonly id: string; readonly key: string }[];
  readonly more: boolean;
  readonly reason?: string;
}

/** One event or action of a client. */
export type ClientRecord =
  | (Seen & {
      readonly kind: 'subscribed';
      /** The `lastEventId` of the request. */
      readonly asked?: string;
      readonly recovered?: boolean;
      readonly lastEventId?: string;
      readonly reason?: string;
      /** Number of kept events that follow. */
      readonly rewound?: number;
    })
  | PageRecord
  | (Seen & { readonly kind: 'event'; readonly id: string; readonly key: string })
  /** An event of a channel without history. */
  | (Seen & { readonly kind: 'plain'; readonly key: string })
  | (Seen & { readonly kind: 'resync'; readonly lastEventId: string; readonly reason: string })
  /** The client unsubscribed or its connection ended; it keeps its position. */
  | (Seen & { readonly kind: 'left' })
  /** The server closed the connection; the channel is `-`. */
  | (Seen & { readonly kind: 'closed'; readonly code: number })
  /** Position at the end of the run. */
  | (Seen & { readonly kind: 'end'; readonly lastEventId: string | null })
  /** The client received something invalid. */
  | (Seen & { readonly kind: 'breach'; readonly what: string });

/** A fault with its duration. */
export interface FaultMark {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface RunLog {
  /** Live resources and streams. */
  readonly live: LiveRecord[];
  readonly emits: EmitRecord[];
  readonly seen: ClientRecord[];
  readonly faults: FaultMark[];
}

export function emptyLog(): RunLog {
  return { emits: [], seen: [], faults: [], live: [] };
}
