/** Maximum number of values that are kept for iterations; the oldest are dropped. */
const MAX_KEPT = 1_000;

/** Values that are pushed, as an iterable: each iteration gets all of them. Ends without an error. */
export interface Progress<T> extends AsyncIterable<T> {
  push(value: T): void;
  end(): void;
}

export function createProgress<T>(): Progress<T> {
  const kept: T[] = [];
  // number of the first kept value
  let first = 0;
  let isOver = false;
  let waiting: (() => void)[] = [];

  const wake = (): void => {
    const resumed = waiting;
    waiting = [];
    for (const resume of resumed) resume();
  };
  return {
    push(value) {
      if (isOver) return;
      kept.push(value);
      if (kept.length > MAX_KEPT) {
        kept.shift();
        first += 1;
      }
      wake();
    },
    end() {
      isOver = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (let next = 0; ; next += 1) {
        while (next >= first + kept.length && !isOver) await new Promise<void>((resolve) => waiting.push(resolve));
        next = Math.max(next, first);
        if (next >= first + kept.length) return;
        yield kept[next - first]!;
      }
    },
  };
}
