/** The first of many in an order, found in one pass and little memory: sorting all of them would hold up everything else. */
export class TopK<T> {
  private kept: T[] = [];
  /** Nothing that comes after this one can be among the first any more. */
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

  /** In their order. */
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
