/** The shortest time between two renders, in milliseconds: one frame of a display. */
const FRAME_MS = 16;

/**
 * The last so many values, as a list that never changes. Who listens is told at most once a frame, however many values come:
 * each message of a socket is a task of its own, and a render for each of them would keep a page from everything else.
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

  /** The list as it was told last, oldest first. */
  readonly snapshot = (): readonly T[] => this.list;

  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed);
    return () => void this.listeners.delete(changed);
  };

  add(value: T): void {
    this.waiting.push(value);
    // Twice the limit, so that a burst drops the oldest now and then, not at each value.
    if (this.waiting.length > 2 * this.limit) this.waiting = last(this.waiting, this.limit);
    if (this.timer !== undefined) return;
    const wait = this.shownAt + FRAME_MS - performance.now();
    if (wait <= 0) this.show();
    else this.timer = setTimeout(() => this.show(), wait);
  }

  /** Keeps so many from now on. */
  resize(limit: number): void {
    this.limit = countOf(limit);
    if (this.list.length > this.limit) this.show();
  }

  /** Drops all but these. */
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

/** A limit that is not a number would keep everything. */
function countOf(limit: unknown): number {
  return Number.isNaN(Number(limit)) ? 0 : Number(limit);
}
