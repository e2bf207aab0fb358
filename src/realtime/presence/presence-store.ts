/** Stands for all connections without an identity: they are counted, not named. No user has an empty id. */
export const ANONYMOUS = '';

/** Who is in a channel. */
export interface Present {
  /** user id → connections on all living instances; at least 1, also for somebody who may be back at any moment */
  readonly members: ReadonlyMap<string, number>;
  /** Connections without an identity. */
  readonly anonymous: number;
  /** What this instance has said, as the store holds it: user id (or `ANONYMOUS`) → connections here */
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
  /** Sets who is told that another instance has said something. It is a hint: it may not come, and come too often. */
  abstract listen(changed: (channel: string) => void): void;

  /**
   * Says how many connections users have here: 0 for somebody who is gone but may be back, `null` for one who is gone.
   * @throws RealtimeUnavailableError it may have been said, in whole or in part
   */
  abstract write(channel: string, counts: ReadonlyMap<string, number | null>): Promise<void>;

  /** @throws RealtimeUnavailableError */
  abstract read(channel: string): Promise<Present>;

  /**
   * Keeps what was said of a channel, which is forgotten some time after nobody did this.
   * @returns `false` when nothing is there any more @throws RealtimeUnavailableError
   */
  abstract keep(channel: string): Promise<boolean>;
}
