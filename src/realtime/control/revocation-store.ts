import type { Revocation } from '../auth/revocation.js';

/**
 * The port that stores revocations for instances that start later or were disconnected.
 * It promises: an added revocation is in `all` until it expires. It does not notify instances.
 */
export abstract class RevocationStore {
  /** Calls back each time that the store can be asked (again). */
  abstract onReachable(callback: () => void): void;

  /**
   * @param superseded the revocation that it replaces
   * @throws RevocationsFullError
   * @throws RealtimeUnavailableError
   */
  abstract add(revocation: Revocation, superseded?: Revocation): Promise<void>;

  /** The revocations that have not expired. @throws RealtimeUnavailableError */
  abstract all(): Promise<Revocation[]>;

  /**
   * Names the incarnation of the store. A changed name means that entries may be lost.
   * @throws RealtimeUnavailableError
   */
  abstract lineage(): Promise<string>;
}
