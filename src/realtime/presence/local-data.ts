import { combineMemberData, MAX_MEMBERS_WITH_DATA, type MemberData, type StampedJson } from './member-data.js';

/**
 * Info and state of the members of one channel on this instance. Costs nothing for members without.
 * @typeParam K the key of a presence: a subscription
 */
export class LocalData<K> {
  private readonly byKey = new Map<K, MemberData>();
  // subscriptions with data, by user id
  private readonly keys = new Map<string, Set<K>>();
  // info by user id, during the grace period
  private readonly infoOfLeaving = new Map<string, StampedJson>();

  get(key: K): MemberData | undefined {
    return this.byKey.get(key);
  }

  /** Replaces the data of a subscription. @returns false if too many members of the channel have data */
  set(key: K, userId: string, data: MemberData): boolean {
    if (data.info === null && data.state === null) {
      this.remove(key, userId);
      return true;
    }
    let keys = this.keys.get(userId);
    if (keys === undefined) {
      if (this.keys.size + this.infoOfLeaving.size >= MAX_MEMBERS_WITH_DATA) return false;
      this.keys.set(userId, (keys = new Set()));
    }
    keys.add(key);
    this.byKey.set(key, data);
    return true;
  }

  /** Removes the data of a subscription that ended. The state ends with it. */
  remove(key: K, userId: string): void {
    this.byKey.delete(key);
    const keys = this.keys.get(userId);
    if (keys?.delete(key) === true && keys.size === 0) this.keys.delete(userId);
  }

  /** Keeps the info of a user during the grace period. Call it before {@link remove}. */
  keepInfo(key: K, userId: string): void {
    const info = this.byKey.get(key)?.info ?? null;
    if (info !== null) this.infoOfLeaving.set(userId, info);
  }

  /** The grace period of a user ended, or the user came back. */
  dropInfo(userId: string): void {
    this.infoOfLeaving.delete(userId);
  }

  /** Returns the data of the users that have some: what was set last on any of their subscriptions. */
  of(userIds: Iterable<string>): Map<string, MemberData> {
    const found = new Map<string, MemberData>();
    if (this.keys.size === 0 && this.infoOfLeaving.size === 0) return found;
    for (const userId of userIds) {
      let data: MemberData | undefined;
      for (const key of this.keys.get(userId) ?? []) data = combineMemberData(data, this.byKey.get(key)!);
      const info = this.infoOfLeaving.get(userId);
      if (info !== undefined) data = combineMemberData(data, { info, state: null });
      if (data !== undefined) found.set(userId, data);
    }
    return found;
  }
}
