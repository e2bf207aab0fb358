/** Maximum number of rows in a page. */
export const MAX_PAGE = 1_000;

export const SORT_ORDERS = ['asc', 'desc'] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

/** Rows of a page, and the total number of rows. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

/** Number of items after which iteration yields to the event loop. */
const STRIDE = 2_000;

/** Iterates without blocking the event loop. Items that are added or removed meanwhile may or may not be included. */
export async function* yielding<T>(all: Iterable<T>): AsyncGenerator<T> {
  let stride: T[] = [];
  for (const item of all) {
    stride.push(item);
    if (stride.length < STRIDE) continue;
    yield* stride;
    stride = [];
    await new Promise((resolve) => void setImmediate(resolve));
  }
  yield* stride;
}

/** Encodes a position in a list as a string that a client sends back. */
export function writeCursor(place: object): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** Decodes a cursor. @returns the object passed to {@link writeCursor}, or `null` for any other string */
export function readCursor(cursor: string): object | null {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return typeof place === 'object' ? place : null;
  } catch {
    return null;
  }
}

/** Returns a predicate that searches in several strings, case-insensitive. Without a search string it is always true. */
export function searcher(search: string | undefined): (texts: readonly (string | null)[]) => boolean {
  if (search === undefined || search === '') return () => true;
  const wanted = search.toLowerCase();
  return (texts) => texts.some((text) => text !== null && text.toLowerCase().includes(wanted));
}
