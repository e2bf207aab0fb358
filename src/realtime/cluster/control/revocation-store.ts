/** A revocation as a store keeps it. */
export interface StoredRevocation {
  /** The revocation without its end: opaque, up to about 3 KB. */
  readonly entry: string;
  /** When it expires, in milliseconds since 1970; `Infinity` if it does not expire. */
  readonly until: number;
}

/**
 * Port that stores revocations for instances that start later or were disconnected. An added revocation is returned by `all`
 * until it expires. The store does not notify instances.
 */
export abstract class RevocationStore {
  /** Registers a callback that is called each time the store becomes reachable. */
  abstract onReachable(callback: () => void): void;

  /**
   * Stores a revocation. If the entry is already stored, the later `until` counts.
   * @param capacity the number of stored entries from which on a new entry is refused
   * @param superseded another entry, which is removed in the same step
   * @returns false if the entry was refused
   * @throws RealtimeUnavailableError
   */
  abstract add(revocation: StoredRevocation, capacity: number, superseded?: string): Promise<boolean>;

  /** Returns the revocations that have not expired. @throws RealtimeUnavailableError */
  abstract all(): Promise<readonly StoredRevocation[]>;

  /**
   * Identifies the incarnation of the store. If it changes, entries may be lost.
   * @throws RealtimeUnavailableError
   */
  abstract lineage(): Promise<string>;
}
