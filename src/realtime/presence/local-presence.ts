import { ANONYMOUS } from './presence-store.js';

/**
 * What this instance has to say of one channel, and what of it was not said yet. No I/O.
 * @typeParam K what a presence hangs on: a subscription
 */
export class LocalPresence<K> {
  // subscription → the user id that it counts for
  private readonly seats = new Map<K, string>();
  // user id → connections here; 0 for somebody who may be back
  private readonly counts = new Map<string, number>();
  // user id → until when its 0 is kept, the next to end first
  private readonly leaving = new Map<string, number>();
  private readonly changed = new Set<string>();
  /** The store may hold something of this instance. */
  private said = false;
  /** What the store holds is not known: {@link compare} finds out. Until then nothing is remembered as changed, so that an outage costs no memory. */
  private doubtful = false;

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  get hasChanges(): boolean {
    return this.changed.size > 0;
  }

  get isDoubtful(): boolean {
    return this.doubtful;
  }

  /** It counts for this user from now on, whoever it counted for before. */
  enter(seat: K, userId: string): void {
    const before = this.seats.get(seat);
    if (before === userId) return;
    if (before !== undefined) this.exit(seat, null);
    this.seats.set(seat, userId);
    this.leaving.delete(userId);
    this.counts.set(userId, (this.counts.get(userId) ?? 0) + 1);
    this.mark(userId);
  }

  /** @param keepUntil until when a user whose last one this was still counts as here; `null` for not at all */
  exit(seat: K, keepUntil: number | null): void {
    const userId = this.seats.get(seat);
    if (userId === undefined) return;
    this.seats.delete(seat);
    const count = this.counts.get(userId)! - 1;
    if (count > 0 || (keepUntil !== null && userId !== ANONYMOUS)) this.counts.set(userId, count);
    else this.counts.delete(userId);
    if (count === 0 && keepUntil !== null && userId !== ANONYMOUS) this.leaving.set(userId, keepUntil);
    this.mark(userId);
  }

  /** Lets those go whose time to be back is over. */
  expire(now: number): void {
    for (const [userId, keepUntil] of this.leaving) {
      if (keepUntil > now) break;
      this.leaving.delete(userId);
      this.counts.delete(userId);
      this.mark(userId);
    }
  }

  /** What is to be said: user id → connections, or `null` for one who is gone. It counts as said from now on. */
  take(): ReadonlyMap<string, number | null> {
    const changes = new Map([...this.changed].map((userId) => [userId, this.counts.get(userId) ?? null]));
    this.changed.clear();
    this.said = true;
    return changes;
  }

  /**
   * What was said may have been lost. If nothing was said and nothing is to be, there is no doubt: clients that only ask about made-up
   * channels would make an instance keep each of them for as long as the store does not answer.
   */
  doubt(): void {
    if (!this.said && this.isEmpty && !this.hasChanges) return;
    this.doubtful = true;
    this.changed.clear();
  }

  /**
   * Compares with what the store holds: whatever differs is to be said again.
   * @returns whether something that was said is not there: others may have lost something too
   */
  compare(held: ReadonlyMap<string, number>): boolean {
    let lost = this.doubtful;
    this.doubtful = false;
    for (const [userId, count] of this.counts) {
      if (held.get(userId) === count) continue;
      if (!held.has(userId) && !this.changed.has(userId)) lost = true;
      this.changed.add(userId);
    }
    for (const userId of held.keys()) if (!this.counts.has(userId)) this.changed.add(userId);
    return lost;
  }

  private mark(userId: string): void {
    if (!this.doubtful) this.changed.add(userId);
  }
}
