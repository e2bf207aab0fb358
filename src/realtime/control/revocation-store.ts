import type { Revocation } from '../auth/revocation.js';

/**
 * The port behind which revocations are remembered for instances that start later, or were cut off.
 *
 * It promises: what was added is among `all` until its end. It does not tell anybody of it.
 */
export abstract class RevocationStore {
  /** Calls back each time that the store can be asked (again). */
  abstract onReachable(callback: () => void): void;

  /**
   * @param superseded what it stands for from now on
   * @throws RevocationsFullError
   * @throws RealtimeUnavailableError
   */
  abstract add(revocation: Revocation, superseded?: Revocation): Promise<void>;

  /** Those that still count. @throws RealtimeUnavailableError */
  abstract all(): Promise<Revocation[]>;

  /**
   * Names the incarnation of the store. Another name than before means that entries may be gone.
   * @throws RealtimeUnavailableError
   */
  abstract lineage(): Promise<string>;
}
