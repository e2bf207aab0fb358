import { LocalData } from './local-data.js';
import { isSameData, type MemberData } from './member-data.js';
import { ANONYMOUS } from './presence-store.js';

/**
 * Presence of one channel on this instance, and the changes that are not stored yet. No I/O.
 * @typeParam K the key of a presence: a subscription
 */
export class LocalPresence<K> {
  // user id by subscription
  private readonly userIds = new Map<K, string>();
  // connections on this instance by user id; 0 during the grace period
  private readonly counts = new Map<string, number>();
  // end of the grace period by user id, the earliest first
  private readonly leaving = new Map<string, number>();
  private readonly changed = new Set<string>();
  private readonly data = new LocalData<K>();
  /** Users whose info or state changed, but not their number of connections. */
  private readonly changedData = new Set<string>();
  /** True if the store may contain values of this instance. */
  private hasStored = false;
  /**
   * True if the content of the store is unknown: {@link compare} determines it. Until then no changes are recorded, so
   * that an outage costs no memory.
   */
  private stale = false;

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  get hasChanges(): boolean {
    return this.changed.size > 0 || this.changedData.size > 0;
  }

  /** True if users came or left. Changes of info and state alone can wait. */
  get hasUrgentChanges(): boolean {
    return this.changed.size > 0;
  }

  get isStale(): boolean {
    return this.stale;
  }

  /** Counts the subscription for this user. */
  enter(key: K, userId: string): void {
    const before = this.userIds.get(key);
    if (before === userId) return;
    if (before !== undefined) this.exit(key, null);
    this.userIds.set(key, userId);
    this.leaving.delete(userId);
    this.data.dropInfo(userId);
    this.counts.set(userId, (this.counts.get(userId) ?? 0) + 1);
    this.mark(userId);
  }

  /** @param keepUntil end of the grace period if this was the user's last subscription; `null` for no grace period */
  exit(key: K, keepUntil: number | null): void {
    const userId = this.userIds.get(key);
    if (userId === undefined) return;
    this.userIds.delete(key);
    const count = this.counts.get(userId)! - 1;
    if (count === 0 && keepUntil !== null) this.data.keepInfo(key, userId);
    this.data.remove(key, userId);
    if (count > 0 || (keepUntil !== null && userId !== ANONYMOUS)) this.counts.set(userId, count);
    else this.counts.delete(userId);
    if (count === 0 && keepUntil !== null && userId !== ANONYMOUS) this.leaving.set(userId, keepUntil);
    this.mark(userId);
  }

  /** Removes users whose grace period is over. */
  expire(now: number): void {
    for (const [userId, keepUntil] of this.leaving) {
      if (keepUntil > now) break;
      this.leaving.delete(userId);
      this.counts.delete(userId);
      this.data.dropInfo(userId);
      this.mark(userId);
    }
  }

  /** Returns the user id of a subscription that was entered. */
  userOf(key: K): string | undefined {
    return this.userIds.get(key);
  }

  dataOf(key: K): MemberData | undefined {
    return this.data.get(key);
  }

  /**
   * Replaces the info and state of a subscription.
   * @returns false if it was not entered, is anonymous, or if too many members of the channel have data
   */
  setData(key: K, data: MemberData): boolean {
    const userId = this.userIds.get(key);
    if (userId === undefined || userId === ANONYMOUS || !this.data.set(key, userId, data)) return false;
    if (!this.stale) this.changedData.add(userId);
    return true;
  }

  /** Returns info and state of the users that have some. */
  dataOfUsers(userIds: Iterable<string>): ReadonlyMap<string, MemberData> {
    return this.data.of(userIds);
  }

  /**
   * Returns the changes: the number of connections by user id, or `null` for a user that left. From then on they count as
   * stored.
   */
  takeChanges(): ReadonlyMap<string, number | null> {
    const changed = [...this.changed, ...this.changedData];
    const changes = new Map(changed.map((userId) => [userId, this.counts.get(userId) ?? null]));
    this.changed.clear();
    this.changedData.clear();
    this.hasStored = true;
    return changes;
  }

  /**
   * Marks the stored values as possibly lost. If nothing was stored and nothing is pending, nothing becomes stale.
   * Otherwise a client that queries invented channels would make an instance keep each of them while the store is
   * unavailable.
   */
  markStale(): void {
    if (!this.hasStored && this.isEmpty && !this.hasChanges) return;
    this.stale = true;
    this.changed.clear();
    this.changedData.clear();
  }

  /**
   * Compares with the content of the store. All differences have to be stored again.
   * @param heldData stored info and state by user id; `undefined` if the store keeps none
   * @returns true if a stored value is missing: other instances may have lost values too
   */
  compare(held: ReadonlyMap<string, number>, heldData?: ReadonlyMap<string, MemberData>): boolean {
    let lost = this.stale;
    this.stale = false;
    const data = this.data.of(this.counts.keys());
    for (const [userId, count] of this.counts) {
      if (held.get(userId) === count) {
        const isSame = heldData === undefined || isSameData(heldData.get(userId), data.get(userId));
        if (!isSame) this.changed.add(userId);
        continue;
      }
      if (!held.has(userId) && !this.changed.has(userId)) lost = true;
      this.changed.add(userId);
    }
    for (const userId of held.keys()) if (!this.counts.has(userId)) this.changed.add(userId);
    return lost;
  }

  private mark(userId: string): void {
    if (!this.stale) this.changed.add(userId);
  }
}
