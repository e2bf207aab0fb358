/**
 * Port that stores tickets. A one-time ticket can be taken once, on any instance; the ticket of guests can be read any number of
 * times. Neither is returned after it expired.
 */
export abstract class TicketStore {
  /** @throws RealtimeUnavailableError */
  abstract put(digest: string, holder: string, ttlMs: number): Promise<void>;

  /**
   * @returns the stored value, once; `null` if the ticket is unknown, taken or expired
   * @throws RealtimeUnavailableError
   */
  abstract take(digest: string): Promise<string | null>;

  /**
   * @returns the stored value, which stays; `null` if the ticket is unknown, taken or expired
   * @throws RealtimeUnavailableError
   */
  abstract get(digest: string): Promise<string | null>;
}
