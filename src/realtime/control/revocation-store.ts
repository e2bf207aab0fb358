import type { Revocation } from '../auth/revocation.js';

/**
 * Port that stores revocations for instances that start later or were disconnected. An added revocation is returned by `all`
 * until it expires. The store does not notify instances.
 */
export abstract class RevocationStore {
  /** Registers a callback that is called each time the store becomes reachable. */
  abstract onReachable(callback: () => void): void;

  /**
   * Adds a revocation.
   * @param superseded the revocation that it replaces
   * @throws RevocationsFullError
   * @throws RealtimeUnavailableError
   */
  abstract add(revocation: Revocation, superseded?: Revocation): Promise<void>;

  /**
   * Returns the revocations that have not expired.
   * @throws RealtimeUnavailableError
   */
  abstract all(): Promise<Revocation[]>;

  /**
   * Identifies the incarnation of the store. If it changes, entries may be lost.
   * @throws RealtimeUnavailableError
   */
  abstract lineage(): Promise<string>;
}
