/**
 * Minimum and maximum pause before refused channels are requested again in one command. It doubles with each refusal.
 */
const PAUSE_MS = [50, 400] as const;
const MOST_DOUBLINGS = 3;

/** Retries temporarily refused items like a client: all at once, after a pause. */
export class Refused<T> {
  private readonly items = new Set<T>();
  private timer: NodeJS.Timeout | null = null;
  private doublings = 0;

  /** @param again called with all items refused until then */
  constructor(
    private readonly between: (from: number, to: number) => number,
    private readonly again: (items: readonly T[]) => void,
  ) {}

  add(item: T): void {
    this.items.add(item);
    if (this.timer !== null) return;
    const pause = this.between(...PAUSE_MS) * 2 ** this.doublings;
    this.doublings = Math.min(MOST_DOUBLINGS, this.doublings + 1);
    this.timer = setTimeout(() => {
      const items = [...this.items];
      this.forget();
      this.again(items);
    }, pause);
  }

  /** An item was accepted. */
  accepted(): void {
    if (this.timer === null) this.doublings = 0;
  }

  /** The connection has ended. */
  clear(): void {
    this.forget();
    this.doublings = 0;
  }

  private forget(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.items.clear();
  }
}
