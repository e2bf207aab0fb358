/** Maximum number of items in one piece. */
const ITEMS_PER_PIECE = 1_000;
/** Maximum time of one piece, in milliseconds. */
const MAX_PIECE_MS = 1;
/** Number of items between two reads of the clock. */
const ITEMS_PER_TIME_CHECK = 16;
/** Pause after a piece that took its maximum time, in milliseconds. */
const MIN_PAUSE_MS = 1;

/** Items that are visited. Iterating must tolerate additions and removals, as a `Map` does. */
interface Items<T> {
  readonly size: number;
  all(): Iterable<T>;
}

/**
 * Visits all items in rounds of a fixed length. A round of many items consists of short pieces with pauses between them, so that
 * it does not block the event loop.
 */
export class PacedRounds<T> {
  private remaining: Iterator<T> | null = null;

  /** @param roundMs length of a round; it is longer only if visiting the items takes too much time */
  constructor(
    private readonly items: Items<T>,
    private readonly roundMs: number,
    private readonly visit: (item: T) => void,
    private readonly endRound: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Visits the next piece. An item that throws is not visited again in this round.
   * @returns the pause before the next piece, in milliseconds
   */
  next(): number {
    const until = this.now() + MAX_PIECE_MS;
    const remaining = (this.remaining ??= this.items.all()[Symbol.iterator]());
    for (let visited = 0; visited < ITEMS_PER_PIECE; visited += 1) {
      if (visited > 0 && visited % ITEMS_PER_TIME_CHECK === 0 && this.now() >= until) return MIN_PAUSE_MS;
      const item = remaining.next();
      if (item.done === true) {
        this.remaining = null;
        this.endRound();
        break;
      }
      this.visit(item.value);
    }
    return this.pauseMs;
  }

  /** Pause between two pieces, so that all pieces together take one round. */
  get pauseMs(): number {
    const pieces = Math.max(1, Math.ceil(this.items.size / ITEMS_PER_PIECE));
    return Math.max(MIN_PAUSE_MS, Math.floor(this.roundMs / pieces));
  }
}
