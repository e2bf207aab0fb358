/**
 * What a run writes down, and all that the checker looks at. Entries stand in the order in which they happened, as the one
 * process that runs emitters and clients saw it; `at` is that process's clock in milliseconds, which only goes forward.
 */

/** What became of an emit. */
export type Outcome =
  /** It was answered with an id. */
  | 'acknowledged'
  /** It was answered with 503: it may have been published before that, and never will be later. */
  | 'rejected'
  /** The same with `mayBePublished: false`: it was not published before that either. */
  | 'notPublished'
  /** The line to the instance broke: the publisher cannot know. */
  | 'unknown'
  /** No answer within the time, from an instance that lived. */
  | 'unsettled';

/** One event that was given to an instance, whatever became of it. */
export interface EmitRecord {
  /** Unique in the run; the event's data carry it. */
  readonly key: string;
  readonly channel: string;
  /** The emitter. Its emits to one channel reach its instance in their order. */
  readonly publisher: string;
  /** Counts the emits of one publisher to one channel. */
  readonly sequence: number;
  readonly startedAt: number;
  readonly settledAt: number;
  readonly outcome: Outcome;
  /** Of an acknowledged event of a channel with history. */
  readonly id?: string;
}

interface Seen {
  readonly at: number;
  readonly client: string;
  readonly channel: string;
}

/** One thing that a client saw or did. */
export type ClientRecord =
  | (Seen & {
      readonly kind: 'subscribed';
      /** The `lastEventId` of the request. */
      readonly asked?: string;
      readonly recovered?: boolean;
      readonly lastEventId?: string;
      readonly reason?: string;
    })
  | (Seen & { readonly kind: 'event'; readonly id: string; readonly key: string })
  /** An event of a channel without history. */
  | (Seen & { readonly kind: 'plain'; readonly key: string })
  | (Seen & { readonly kind: 'resync'; readonly lastEventId: string; readonly reason: string })
  /** It unsubscribed, or its connection ended; it keeps its position. */
  | (Seen & { readonly kind: 'left' })
  /** The server closed its connection; the channel is `-`. */
  | (Seen & { readonly kind: 'closed'; readonly code: number })
  /** Where it stood when the run ended. */
  | (Seen & { readonly kind: 'end'; readonly lastEventId: string | null })
  /** It got what no client should get. */
  | (Seen & { readonly kind: 'breach'; readonly what: string });

/** A fault that was over at that time. */
export interface FaultMark {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface RunLog {
  readonly emits: EmitRecord[];
  readonly seen: ClientRecord[];
  readonly faults: FaultMark[];
}

export function emptyLog(): RunLog {
  return { emits: [], seen: [], faults: [] };
}
