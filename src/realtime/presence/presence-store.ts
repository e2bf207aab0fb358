/** Stands for all connections without an identity: they are counted, not named. No user has an empty id. */
export const ANONYMOUS = '';

/** The members of a channel in the store. */
export interface Present {
  /** user id → connections on all live instances; at least 1, also during the grace period */
  readonly members: ReadonlyMap<string, number>;
  /** Connections without an identity. */
  readonly anonymous: number;
  /** The values of this instance in the store: user id (or `ANONYMOUS`) → connections */
  readonly own: ReadonlyMap<string, number>;
}

/**
 * The port behind which instances put together who is in a channel. Each says only how many connections a user has with
 * it, as a number and not as a step, so saying it twice does no harm.
 *
 * It promises: what was said is read on every instance for as long as the instance that said it lives, and no longer.
 * It does not promise that what was said outlives a loss of the store's data: `own` shows that, and it is said again.
 */
export abstract class PresenceStore {
  /** Sets the callback for changes of other instances. It is a hint: it can be missing or repeated. */
  abstract listen(changed: (channel: string) => void): void;

  /**
   * Stores the number of connections of users on this instance: 0 during the grace period, `null` to remove a user.
   * @throws RealtimeUnavailableError although some or all values may have been stored
   */
  abstract write(channel: string, counts: ReadonlyMap<string, number | null>): Promise<void>;

  /** @throws RealtimeUnavailableError */
  abstract read(channel: string): Promise<Present>;

  /**
   * Renews the stored values of a channel, which otherwise expire.
   * @returns `false` if they are missing @throws RealtimeUnavailableError
   */
  abstract keep(channel: string): Promise<boolean>;
}
