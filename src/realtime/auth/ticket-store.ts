/**
 * The port that stores one-time tickets.
 * It promises: a ticket can be taken once, on any instance, and never after it has expired.
 */
export abstract class TicketStore {
  /** @throws RealtimeUnavailableError */
  abstract put(digest: string, holder: string, ttlMs: number): Promise<void>;

  /** @returns the stored value, once; `null` if it is missing, taken or expired @throws RealtimeUnavailableError */
  abstract take(digest: string): Promise<string | null>;
}
