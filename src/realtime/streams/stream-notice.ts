/** Messages between the writer and the readers of a stream, as bodies of events without a position. */

/** A part that was appended, or with an empty text the length of the stream. */
export interface StreamNotice {
  readonly id: string;
  readonly at: number;
  readonly next: number;
  readonly text: string;
}

/** Begins the body of each notice. The body of an event begins otherwise. */
const HEAD = '"stream":';

/** Notice that a stream was opened or ended: its readers read it. A forged notice can therefore not end a stream. */
export const LOOK = `${HEAD}0`;

/** Composes the notice of a part. */
export function noticeOf({ id, at, next, text }: StreamNotice): string {
  return `${HEAD}${JSON.stringify([id, at, next, text])}`;
}

/** Returns true if a body is a notice. */
export function isNotice(body: string): boolean {
  return body.startsWith(HEAD);
}

/** Parses a notice. @returns `null` for {@link LOOK}, and for a notice that no instance wrote: read the stream */
export function parseNotice(body: string): StreamNotice | null {
  try {
    const value: unknown = JSON.parse(body.slice(HEAD.length));
    if (!Array.isArray(value)) return null;
    const [id, at, next, text] = value as unknown[];
    const isValid = typeof id === 'string' && isLength(at) && isLength(next) && typeof text === 'string';
    return isValid && Buffer.byteLength(text) === next - at ? { id, at, next, text } : null;
  } catch {
    return null;
  }
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
