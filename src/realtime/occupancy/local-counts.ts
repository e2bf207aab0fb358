import { NOT_COUNTED, type Claim } from './occupancy-store.js';

/** Uses of a key on this instance. */
export interface KeyUse {
  /** True if the exact number is stored; false if only its existence matters, so that fewer changes are stored. */
  readonly exact: boolean;
  /** True if changes of the key are announced to hooks. */
  readonly announced: boolean;
}

interface Entry extends KeyUse {
  count: number;
  /** End of the grace period; `null` if there is none. */
  graceEnd: number | null;
  /** The claim that this instance holds. */
  owned: Claim | null;
  /** An announcement of this instance is running. */
  busy: boolean;
  /** The stored value; `null` if there is none, `undefined` if it is unknown. */
  stored: number | null | undefined;
}

/** Connections of this instance by key, its claims, and the values that are not stored yet. No I/O. */
export class LocalCounts {
  private readonly entries = new Map<string, Entry>();
  /** Keys with a grace period, the earliest end first. */
  private readonly grace = new Set<string>();
  /** Keys that appeared or disappeared, and keys of which only the number changed. */
  private readonly changed = new Set<string>();
  private readonly recounted = new Set<string>();

  constructor(private readonly useOf: (key: string) => KeyUse) {}

  get size(): number {
    return this.entries.size;
  }

  /** Number of keys that are stored, as far as is known. */
  get storedSize(): number {
    let size = 0;
    for (const { stored } of this.entries.values()) if (typeof stored === 'number') size += 1;
    return size;
  }

  keys(): IterableIterator<string> {
    return this.entries.keys();
  }

  /** Returns true if this instance has connections of the key, or had one a moment ago. */
  exists(key: string): boolean {
    const entry = this.entries.get(key);
    return entry !== undefined && (entry.count > 0 || entry.graceEnd !== null);
  }

  isAnnounced(key: string): boolean {
    return (this.entries.get(key) ?? this.useOf(key)).announced;
  }

  isBusy(key: string): boolean {
    return this.entries.get(key)?.busy === true;
  }

  ownedBy(key: string): Claim | null {
    return this.entries.get(key)?.owned ?? null;
  }

  /** Counts a connection. @returns true if the key did not exist on this instance */
  add(key: string): boolean {
    const isNew = !this.exists(key);
    const entry = this.open(key);
    entry.count += 1;
    entry.graceEnd = null;
    this.grace.delete(key);
    this.mark(key, isNew);
    return isNew;
  }

  /** @param keepUntil end of the grace period if this was the last connection; `null` for none */
  remove(key: string, keepUntil: number | null): void {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.count === 0) return;
    entry.count -= 1;
    if (entry.count === 0 && keepUntil !== null) {
      entry.graceEnd = keepUntil;
      this.grace.add(key);
    }
    this.mark(key, !this.exists(key));
  }

  /** Ends grace periods. @returns the keys that no longer exist on this instance */
  expire(now: number): string[] {
    const gone: string[] = [];
    for (const key of this.grace) {
      const entry = this.entries.get(key)!;
      if (entry.graceEnd! > now) break;
      this.grace.delete(key);
      entry.graceEnd = null;
      this.mark(key, true);
      gone.push(key);
    }
    return gone;
  }

  /** Sets the claim that this instance holds. */
  own(key: string, claim: Claim | null): void {
    this.open(key).owned = claim;
    this.mark(key, true);
  }

  setBusy(key: string, busy: boolean): void {
    this.open(key).busy = busy;
    this.mark(key, true);
  }

  /** Returns the values to store by key, and counts them as stored. @param withNumbers includes keys of which only the number changed */
  takeChanges(withNumbers: boolean): Map<string, number | null> {
    const changes = new Map<string, number | null>();
    for (const key of this.changed) this.take(key, changes);
    this.changed.clear();
    if (!withNumbers) return changes;
    for (const key of this.recounted) this.take(key, changes);
    this.recounted.clear();
    return changes;
  }

  /** The stored values of these keys are unknown: they are stored again. */
  markUnknown(keys: Iterable<string> = this.entries.keys()): void {
    for (const key of keys) {
      this.open(key).stored = undefined;
      this.changed.add(key);
    }
  }

  owned(): [key: string, claim: Claim][] {
    return [...this.entries].flatMap(([key, { owned }]) => (owned === null ? [] : [[key, owned]]));
  }

  private take(key: string, changes: Map<string, number | null>): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    const value = this.valueOf(key, entry);
    if (value !== entry.stored) changes.set(key, value);
    entry.stored = value;
    if (value === null && entry.owned === null) this.entries.delete(key);
  }

  private valueOf(key: string, { count, exact, owned, busy }: Entry): number | null {
    if (count > 0) return exact ? count : 1;
    if (this.exists(key)) return 0;
    return owned !== null || busy ? NOT_COUNTED : null;
  }

  private open(key: string): Entry {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      // A key without an entry is not stored.
      entry = { ...this.useOf(key), count: 0, graceEnd: null, owned: null, busy: false, stored: null };
      this.entries.set(key, entry);
    }
    return entry;
  }

  private mark(key: string, isEdge: boolean): void {
    if (isEdge) this.changed.add(key);
    else this.recounted.add(key);
  }
}
