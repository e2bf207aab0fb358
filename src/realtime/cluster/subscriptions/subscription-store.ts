/**
 * Port that stores the channels to which the application subscribed its users, so that a connection that opens later, on any
 * instance, gets them. An entry is kept for `ttlMs` after the last `add` or `all` of its user. The store does not notify
 * instances. User keys and channels can contain any character.
 */
export abstract class SubscriptionStore {
  /**
   * Stores a channel of a user. If it is already stored, its entry is replaced.
   * @param entry an opaque string of at most a few hundred bytes
   * @param capacity the number of channels of this user from which on another one is refused
   * @returns false if it was refused
   * @throws RealtimeUnavailableError
   */
  abstract add(userKey: string, channel: string, entry: string, capacity: number, ttlMs: number): Promise<boolean>;

  /** Removes a channel of a user. Does nothing if it is not stored. @throws RealtimeUnavailableError */
  abstract remove(userKey: string, channel: string): Promise<void>;

  /** Returns the entries of a user by channel, and keeps them for another `ttlMs`. @throws RealtimeUnavailableError */
  abstract all(userKey: string, ttlMs: number): Promise<ReadonlyMap<string, string>>;

  /** Returns false only if no user has an entry. @throws RealtimeUnavailableError */
  abstract isUsed(): Promise<boolean>;
}
