/** Counters by label. Labels come from a catalogue, never from a client, so their number is small. */
export class CounterMap {
  private readonly counts = new Map<string, number>();

  /** @param labels known labels: they start at 0, so that a rate can be computed */
  constructor(labels: Iterable<string> = []) {
    for (const label of labels) this.counts.set(label, 0);
  }

  add(label: string, by = 1): void {
    this.counts.set(label, (this.counts.get(label) ?? 0) + by);
  }

  get(label: string): number {
    return this.counts.get(label) ?? 0;
  }

  [Symbol.iterator](): IterableIterator<[label: string, count: number]> {
    return this.counts.entries();
  }
}
