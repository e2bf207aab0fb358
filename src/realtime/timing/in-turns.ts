/** Number of subscriptions that are written to in one turn of the event loop, about 5 ms. */
const WRITES_PER_TURN = 250;

/** Calls back for each entry, and yields to the event loop in between. */
export async function inTurns<T>(entries: Iterable<T>, work: (entry: T) => void): Promise<void> {
  let left = WRITES_PER_TURN;
  for (const entry of entries) {
    if (left === 0) {
      await new Promise(setImmediate);
      left = WRITES_PER_TURN;
    }
    work(entry);
    left -= 1;
  }
}
