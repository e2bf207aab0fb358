/** Rows of one page, at most. */
export const MAX_PAGE = 1_000;

export const SORT_ORDERS = ['asc', 'desc'] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

/** Some rows, and how many there are. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

/** Names between which other work is let through. */
const STRIDE = 2_000;

/** Goes through many without holding up everything else. Of those that come and go meanwhile, any may be among them. */
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

/** A place in a list, as a text that a client hands back. */
export function writeCursor(place: object): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @returns what {@link writeCursor} was given; `null` for any other text */
export function readCursor(cursor: string): object | null {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return typeof place === 'object' ? place : null;
  } catch {
    return null;
  }
}

/** Whether a text stands in one of these, whatever its case. */
export function searcher(search: string | undefined): (texts: readonly (string | null)[]) => boolean {
  if (search === undefined || search === '') return () => true;
  const wanted = search.toLowerCase();
  return (texts) => texts.some((text) => text !== null && text.toLowerCase().includes(wanted));
}
