import { RealtimeError } from '../errors.js';
import type { Stop } from '../types.js';
import type { StreamStore } from './stream-store.js';
import type { StreamPart } from './types.js';

/** A part that the loop has not seen. */
interface Waiting extends StreamPart {
  text: string;
  readonly items: unknown[];
}

/** An iterator of a stream, which its owner can end. */
export interface StreamIterator {
  readonly iterator: AsyncIterator<StreamPart, undefined>;
  end(): void;
}

/**
 * Iterates over the content of a stream: first what is there, then new parts. Parts that wait are joined.
 * @param onEnd called once
 */
export function iterateStream(channel: string, store: StreamStore, onEnd: () => void): StreamIterator {
  // Pending `next()` calls, in order.
  const pending: [(result: IteratorResult<StreamPart, undefined>) => void, (error: unknown) => void][] = [];
  let parts: Waiting[] = [];
  let isOver = false;
  let isStarted = false;
  // True if the loop has received a part.
  let hasParts = false;
  let stop: Stop = () => undefined;

  const add = ({ restarted, ...part }: StreamPart): void => {
    // What the loop has not seen yet belongs to the stream that was replaced.
    if (restarted) parts = [];
    const last = parts.at(-1);
    if (last && part.missed === undefined) {
      last.text += part.text;
      for (const item of part.items) last.items.push(item);
    } else parts.push({ ...part, items: [...part.items], ...(restarted && hasParts && { restarted }) });
  };
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    stop();
    onEnd();
  };
  const answer = (): void => {
    while (pending.length > 0) {
      const part = parts.shift();
      const error = part || isOver ? undefined : endOf(channel, store);
      if (!part && !isOver && error === undefined) return;
      const [resolve, reject] = pending.shift()!;
      if (part) {
        hasParts = true;
        resolve({ value: part, done: false });
      } else {
        finish();
        if (error) reject(error);
        else resolve({ value: undefined, done: true });
      }
    }
  };
  const start = (): void => {
    isStarted = true;
    const { text, items, gaps } = store.getSnapshot();
    // The iterator reports the gaps of what is there as one, at its beginning.
    const missed = gaps.reduce((sum, { bytes }) => sum + bytes, 0);
    if (text !== '' || items.length > 0 || missed > 0) add({ text, items, ...(missed > 0 && { missed }) });
    stop = store.onStep((part, isClosed) => {
      if (part) add(part);
      if (isClosed) finish();
      answer();
    });
  };
  const end = (): void => {
    parts = [];
    finish();
    answer();
  };

  return {
    iterator: {
      next: () =>
        new Promise((resolve, reject) => {
          pending.push([resolve, reject]);
          if (!isStarted && !isOver) start();
          answer();
        }),
      return() {
        end();
        return Promise.resolve({ value: undefined, done: true });
      },
    },
    end,
  };
}

/** Returns the error with which a loop ends, `null` if it ends without one, and `undefined` if it continues. */
function endOf(channel: string, store: StreamStore): RealtimeError | null | undefined {
  const { state, reason, error } = store.status();
  if (state === 'done') return null;
  if (state === 'failed')
    return new RealtimeError('interrupted', reason ?? `The stream ${channel} failed`, { channel });
  if (state === 'cancelled')
    return new RealtimeError('cancelled', reason ?? `The stream ${channel} was cancelled`, { channel });
  return error;
}
