/**
 * The port behind which one-time tickets wait to be used.
 *
 * It promises: what was put is taken by one at most, whichever instance asks, and by nobody once its time is over.
 */
export abstract class TicketStore {
  /** @throws RealtimeUnavailableError */
  abstract put(digest: string, holder: string, ttlMs: number): Promise<void>;

  /** @returns what was put, once; `null` for what is not there (any more) @throws RealtimeUnavailableError */
  abstract take(digest: string): Promise<string | null>;
}
