/** Entries about live resources and streams. `at` is the time of the process that runs the suite, in milliseconds. */

interface Entry {
  readonly at: number;
  readonly channel: string;
}

interface Seen extends Entry {
  readonly client: string;
}

/** Numbers of changes, by setter. Each change of a setter has the next number, and writes it into the state. */
export type Numbers = Readonly<Record<string, number>>;

/** A change that was announced by an instance. */
export interface AnnouncedRecord extends Entry {
  readonly kind: 'announced';
  readonly startedAt: number;
  readonly setter: string;
  /** Number of the last change that the announcement covers. */
  readonly number: number;
  readonly how: 'patch' | 'set' | 'invalidate';
  readonly isAcknowledged: boolean;
}

/** A state that a client holds at a position. */
export interface HeldRecord extends Seen {
  readonly kind: 'state' | 'patch';
  readonly id: string;
  /** Digest of the state. */
  readonly digest: string;
  readonly numbers: Numbers;
  /** Numbers that the patch of a setter contains. A difference has none. */
  readonly patched?: Numbers;
}

/** A frame of a stream. */
export interface PartRecord extends Seen {
  readonly kind: 'part';
  readonly id: string;
  /** Bytes that the client had before. */
  readonly had: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** The text begins anew with this part. */
  readonly isFirst: boolean;
  readonly state: string;
}

/** A part of a writer's work that its instance acknowledged. */
export interface WrittenRecord extends Entry {
  readonly kind: 'opened' | 'stored' | 'ended';
  readonly writer: number;
  readonly id: string;
  readonly length: number;
  /** State of an ended stream. */
  readonly state?: string;
}

export type LiveRecord =
  | AnnouncedRecord
  | HeldRecord
  | PartRecord
  | WrittenRecord
  /** The state at the end of the run. */
  | (Entry & { readonly kind: 'truth'; readonly digest: string })
  /** A client subscribed; `isWhole` if the state follows. */
  | (Seen & { readonly kind: 'joined'; readonly isWhole: boolean })
  | (Seen & { readonly kind: 'stateError'; readonly code: string })
  /** The state that a client holds at the end of the run. */
  | (Seen & { readonly kind: 'holds'; readonly id: string | null; readonly digest: string | null })
  /** A writer is asked to write a text. */
  | (Entry & { readonly kind: 'writes'; readonly writer: number; readonly text: string })
  /** A client subscribed to a stream. */
  | (Seen & { readonly kind: 'reading'; readonly id: string | null; readonly next: number; readonly state: string })
  /** The part of a stream that a client has at the end of the run. */
  | (Seen & { readonly kind: 'has'; readonly id: string | null; readonly next: number; readonly state: string })
  /** The client unsubscribed or its connection ended. */
  | (Seen & { readonly kind: 'gone' })
  /** The client received something invalid. */
  | (Seen & { readonly kind: 'liveBreach'; readonly what: string });
