/** Finds the first k items in an order, in one pass and with little memory. Sorting all items would block the event loop. */
export class TopK<T> {
  private kept: T[] = [];
  /** The last of the first k items. Items after it are ignored. */
  private last: T | null = null;

  /** @param compare as for `sort` */
  constructor(
    private readonly k: number,
    private readonly compare: (a: T, b: T) => number,
  ) {}

  add(item: T): void {
    if (this.last !== null && this.compare(item, this.last) >= 0) return;
    this.kept.push(item);
    if (this.kept.length >= 2 * this.k) this.cut();
  }

  /** Returns the first k items, sorted. */
  list(): T[] {
    this.cut();
    return [...this.kept];
  }

  private cut(): void {
    this.kept.sort(this.compare);
    if (this.kept.length < this.k) return;
    this.kept.length = this.k;
    this.last = this.kept[this.k - 1]!;
  }
}
