/** Minimum time between two renders, in milliseconds: one frame of a display. */
const FRAME_MS = 16;

/**
 * Keeps the last `limit` values as immutable lists. Notifies listeners at most once per frame, at any rate: each
 * WebSocket message is a separate task, and a render per message would block the page.
 */
export class RecentEvents<T> {
  private list: readonly T[] = [];
  private waiting: T[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shownAt = -Infinity;
  private readonly listeners = new Set<() => void>();

  private limit: number;

  constructor(limit: number) {
    this.limit = countOf(limit);
  }

  /** Returns the list of the last notification, oldest first. */
  readonly snapshot = (): readonly T[] => this.list;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    return () => void this.listeners.delete(changed);
  };

  add(value: T): void {
    this.waiting.push(value);
    // Drops the oldest values in batches, once twice the limit is reached, instead of for each value.
    if (this.waiting.length > 2 * this.limit) this.waiting = last(this.waiting, this.limit);
    if (this.timer !== undefined) return;
    const wait = this.shownAt + FRAME_MS - performance.now();
    if (wait <= 0) this.show();
    else this.timer = setTimeout(() => this.show(), wait);
  }

  /** Changes the limit. */
  resize(limit: number): void {
    this.limit = countOf(limit);
    if (this.list.length > this.limit) this.show();
  }

  /** Keeps only the values that match. */
  keep(wanted: (value: T) => boolean): void {
    const kept = [...this.list, ...this.waiting].filter(wanted);
    if (kept.length === this.list.length + this.waiting.length) return;
    this.list = kept;
    this.waiting = [];
    this.show();
  }

  private show(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.shownAt = performance.now();
    this.list = last([...this.list, ...this.waiting], this.limit);
    this.waiting = [];
    for (const changed of [...this.listeners]) changed();
  }
}

function last<T>(values: readonly T[], count: number): T[] {
  return values.slice(Math.max(0, values.length - count));
}

/** Treats NaN as 0; otherwise everything would be kept. */
function countOf(limit: unknown): number {
  return Number.isNaN(Number(limit)) ? 0 : Number(limit);
}
