import type { HistoryDto } from '../../realtime/http/operator-shapes.js';

/** An event in the history of a channel, or one that arrives. */
export type KeptEvent = Pick<HistoryDto['events'][number], 'id' | 'timestamp' | 'data'>;

/** An event in the list, with its size. */
export interface Entry {
  readonly key: string;
  readonly id: string | null;
  readonly timestamp: string;
  /** The data as JSON. */
  readonly json: string;
  /** Size of the data as JSON in UTF-8, in bytes. */
  readonly bytes: number;
  /** The event was published before the operator followed the channel. */
  readonly isKept: boolean;
}

const utf8 = new TextEncoder();

/** Returns the events of the history and the live ones, newest first. @param kept oldest first @param live oldest first */
export function entriesOf(kept: readonly KeptEvent[], live: readonly KeptEvent[]): Entry[] {
  const arrived = new Set(live.map(({ id }) => id));
  // An event that was published while the history was loaded is in both.
  const before = kept.filter(({ id }) => !arrived.has(id));
  return [...before, ...live].map((event, n) => entryOf(event, n, n < before.length)).toReversed();
}

/** Returns the entries whose id or data contains the text, case-insensitive. */
export function matching(entries: readonly Entry[], text: string): readonly Entry[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return entries;
  return entries.filter(({ id, json }) => json.toLowerCase().includes(wanted) || id?.toLowerCase().includes(wanted));
}

/** An event with its id, or one of a channel without history. */
type AnyEvent = Omit<KeptEvent, 'id'> & { readonly id?: string | null };

function entryOf({ id = null, timestamp, data }: AnyEvent, n: number, isKept: boolean): Entry {
  const json = JSON.stringify(data) ?? 'null';
  return { key: id ?? `${timestamp} ${n}`, id, timestamp, json, bytes: utf8.encode(json).length, isKept };
}
