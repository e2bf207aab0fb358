/** Port that stores one-time tickets. A ticket can be taken once, on any instance, and never after it expired. */
export abstract class TicketStore {
  /** @throws RealtimeUnavailableError */
  abstract put(digest: string, holder: string, ttlMs: number): Promise<void>;

  /**
   * @returns the stored value, once; `null` if the ticket is unknown, taken or expired
   * @throws RealtimeUnavailableError
   */
  abstract take(digest: string): Promise<string | null>;
}
