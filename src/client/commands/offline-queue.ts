/** Maximum number of calls that wait for the connection. */
export const MAX_QUEUED = 100;

/** Calls that wait for the connection, in order. */
export interface OfflineQueue {
  readonly size: number;
  /**
   * Adds a call. @param outcome settles with the call
   * @returns resolves when all earlier calls of the queue have their outcome
   */
  enter(outcome: Promise<unknown>): Promise<void>;
}

export function createOfflineQueue(): OfflineQueue {
  let last: Promise<void> = Promise.resolve();
  let size = 0;
  return {
    get size() {
      return size;
    },
    enter(outcome) {
      const turn = last;
      size += 1;
      const left = (): void => void (size -= 1);
      const ended = outcome.then(left, left);
      // An earlier call can still run when this one is cancelled.
      last = turn.then(() => ended);
      return turn;
    },
  };
}
