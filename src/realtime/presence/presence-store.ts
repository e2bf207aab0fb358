import type { MemberData } from './member-data.js';

/** User id that represents all anonymous connections, which are counted but not listed. No user has an empty id. */
export const ANONYMOUS = '';

/** Members of a channel in the store. */
export interface Present {
  /** Connections on all live instances by user id; at least 1, also during the grace period. */
  readonly members: ReadonlyMap<string, number>;
  /** Number of anonymous connections. */
  readonly anonymous: number;
  /** Values of this instance in the store: connections by user id (or `ANONYMOUS`). */
  readonly own: ReadonlyMap<string, number>;
  /**
   * Info and state by user id, of at most 2,000 users: what was set last on any instance (`combineMemberData`). Absent if
   * the store keeps none.
   */
  readonly data?: ReadonlyMap<string, MemberData>;
  /** Info and state in the store that this instance wrote, by user id. Absent if the store keeps none. */
  readonly ownData?: ReadonlyMap<string, MemberData>;
  /** This read removed values of dead instances from the store. */
  readonly removed: boolean;
}

/**
 * Port through which instances combine the members of a channel. Each instance stores the number of its connections per
 * user. The number is absolute, not a difference, so storing it twice is harmless.
 *
 * Guarantees: a stored value is visible on every instance while the instance that stored it is live, and not longer. A
 * value can be lost if the store loses its data. `own` shows this, and the value is stored again.
 */
export abstract class PresenceStore {
  /**
   * Stores the number of connections of users on this instance: 0 during the grace period, `null` to remove a user.
   * @param data info and state by user id; a user in `counts` without an entry has none. @default none
   * @throws RealtimeUnavailableError although some or all values may have been stored
   */
  abstract write(
    channel: string,
    counts: ReadonlyMap<string, number | null>,
    data?: ReadonlyMap<string, MemberData>,
  ): Promise<void>;

  /** @throws RealtimeUnavailableError */
  abstract read(channel: string): Promise<Present>;

  /**
   * Renews the stored values of a channel, which otherwise expire.
   * @returns `false` if they are missing
   * @throws RealtimeUnavailableError
   */
  abstract keep(channel: string): Promise<boolean>;
}
