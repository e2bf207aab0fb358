/** Value of a key that an instance stores without counting it: the instance announces changes of the key. */
export const NOT_COUNTED = -1;

/** Time for which an ended claim is kept at least, in milliseconds. Until then a later claim has a higher sequence. */
export const ENDED_CLAIM_MS = 300_000;

/**
 * Progress of the announcements of one key:
 *
 * - `starting`: its owner announces that the key is occupied;
 * - `held`: that was announced;
 * - `ending`: its owner announces that the key is vacant;
 * - `ended`: that was announced.
 */
export type ClaimState = 'starting' | 'held' | 'ending' | 'ended';

/** The instance that announces changes of a key, and the last change. */
export interface Claim {
  readonly state: ClaimState;
  /** Number of the change. It increases with each change of the key. */
  readonly sequence: number;
  /** Id of the instance; empty if it left. */
  readonly owner: string;
}

/** A claim to store. Without a `sequence` the store chooses one. */
export interface NextClaim extends Omit<Claim, 'sequence'> {
  readonly sequence: number | null;
}

/**
 * Port through which instances count connections by key (a channel or a user), and agree on the one that announces
 * changes.
 *
 * Guarantees: a stored count is visible on every instance while the instance that stored it is live. `claim` is atomic,
 * and every operation that starts after another one was acknowledged sees its effect. The keys of an instance can be
 * listed after it died, until they are dropped. A sequence that the store chooses is higher than the earlier ones of the
 * key, as long as the clock of the store does not go back by more than `ENDED_CLAIM_MS`; also after it lost its data.
 */
export abstract class OccupancyStore {
  /**
   * Stores counts of this instance: 0 during a grace period, `NOT_COUNTED` for a key that it owns only, `null` to remove
   * a key.
   * @throws RealtimeUnavailableError although some or all values may have been stored
   */
  abstract write(counts: ReadonlyMap<string, number | null>): Promise<void>;

  /** Returns the number of keys that this instance stores. @throws RealtimeUnavailableError */
  abstract size(): Promise<number>;

  /** Returns the sum over all live instances for each of these keys that any of them counts. @throws RealtimeUnavailableError */
  abstract totals(keys: Iterable<string>): Promise<ReadonlyMap<string, number>>;

  /** Returns the claims of these keys, without those that have none. @throws RealtimeUnavailableError */
  abstract claims(keys: Iterable<string>): Promise<ReadonlyMap<string, Claim>>;

  /**
   * Replaces the claim of a key if it is still the expected one; `null` expects none.
   * @returns the stored claim, or `null` if the claim is another one
   * @throws RealtimeUnavailableError although the claim may have been stored
   */
  abstract claim(key: string, expected: Claim | null, next: NextClaim): Promise<Claim | null>;

  /** Returns the instances that store keys, live and dead ones. @throws RealtimeUnavailableError */
  abstract instances(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }>;

  /** Returns up to this number of keys that an instance stores. @throws RealtimeUnavailableError */
  abstract keysOf(instance: string, most: number): Promise<readonly string[]>;

  /** Removes keys of a dead instance, and the instance once it has none. @throws RealtimeUnavailableError */
  abstract drop(instance: string, keys: readonly string[]): Promise<void>;
}
