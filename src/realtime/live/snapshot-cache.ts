import type { ComposedState } from './compose-state.js';

/** A state with its size as JSON. */
export interface Entry {
  readonly state: ComposedState;
  readonly bytes: number;
}

/** The states that this instance used last, up to a number of bytes. */
export class SnapshotCache {
  private readonly entries = new Map<string, Entry>();
  private total = 0;

  constructor(private readonly maxBytes: number) {}

  get size(): number {
    return this.entries.size;
  }

  get bytes(): number {
    return this.total;
  }

  get(topic: string): ComposedState | null {
    const entry = this.entries.get(topic);
    if (entry === undefined) return null;
    this.entries.delete(topic);
    this.entries.set(topic, entry);
    return entry.state;
  }

  /** {@link get} without counting as a use. */
  peek(topic: string): ComposedState | null {
    return this.entries.get(topic)?.state ?? null;
  }

  /** A state with its size. Does not count as a use. */
  entry(topic: string): Entry | null {
    return this.entries.get(topic) ?? null;
  }

  /** @param bytes estimated size */
  set(topic: string, state: ComposedState, bytes: number): void {
    this.delete(topic);
    this.entries.set(topic, { state, bytes });
    this.total += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(topic: string): void {
    this.total -= this.entries.get(topic)?.bytes ?? 0;
    this.entries.delete(topic);
  }

  /** The states in memory, with their sizes. */
  list(): Iterable<[topic: string, entry: Entry]> {
    return this.entries;
  }
}
