import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** Source of a stream: a Node or web stream, a generator, a list, or a string. */
export type StreamSource<Piece = unknown> = string | AsyncIterable<Piece> | Iterable<Piece>;

/**
 * Reads a source. Bytes are decoded as UTF-8 across pieces. Ends when the signal is aborted, and closes the source.
 * @param isRaw true to pass values on as they are
 */
export async function* piecesOf(source: StreamSource, isRaw: boolean, signal: AbortSignal): AsyncGenerator {
  const decoder = new TextDecoder();
  const iterator = iteratorOf(source);
  let onAbort = (): void => undefined;
  const aborted = new Promise<null>((resolve) => (onAbort = () => resolve(null)));
  signal.addEventListener('abort', onAbort);
  let isDone = false;
  try {
    while (!signal.aborted) {
      const next = Promise.resolve(iterator.next());
      // If it is aborted first, an error of the source must not be unhandled.
      next.catch(() => undefined);
      const result = await Promise.race([next, aborted]);
      if (result === null) return;
      if (result.done === true) {
        isDone = true;
        break;
      }
      const { value } = result;
      if (isRaw) yield value;
      else if (value instanceof Uint8Array) yield decoder.decode(value, { stream: true });
      else yield value;
    }
    const rest = isRaw ? '' : decoder.decode();
    if (rest !== '' && !signal.aborted) yield rest;
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a generator that waits answers only when its wait ends.
    if (!isDone) Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

interface Closable {
  readonly return?: (() => unknown) | undefined;
}
type SourceIterator = Closable & Pick<AsyncIterator<unknown> | Iterator<unknown>, 'next'>;

function iteratorOf(source: StreamSource): SourceIterator {
  if (typeof source === 'string') return [source][Symbol.iterator]();
  if (!(Symbol.asyncIterator in source)) return source[Symbol.iterator]();
  if (hasMethod(source, 'getReader')) return iteratorOfWeb(source as ReadableStream<unknown>);
  const iterator = source[Symbol.asyncIterator]();
  if (!hasMethod(source, 'destroy')) return iterator;
  // Its iterator is a generator, which closes the stream only after the next piece.
  return { next: () => iterator.next(), return: () => (source as Readable).destroy() };
}

/** Reads a web stream. Its own iterator closes it only after the next piece. */
function iteratorOfWeb(source: ReadableStream<unknown>): SourceIterator {
  const reader = source.getReader();
  return { next: () => reader.read() as Promise<IteratorResult<unknown>>, return: () => reader.cancel() };
}

function hasMethod(source: object, name: string): boolean {
  return typeof (source as Record<string, unknown>)[name] === 'function';
}
