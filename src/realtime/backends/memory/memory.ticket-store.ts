import { TicketStore } from '../../auth/ticket-store.js';

interface Entry {
  readonly holder: string;
  readonly endsAt: number;
}

/** Ticket store for a single instance. Tickets are rate-limited per user and short-lived, so few are stored at a time. */
export class MemoryTicketStore extends TicketStore {
  private readonly entries = new Map<string, Entry>();

  /** @param now monotonic clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override async put(digest: string, holder: string, ttlMs: number): Promise<void> {
    const now = this.now();
    // All entries have the same TTL, so insertion order is expiry order.
    for (const [old, { endsAt }] of this.entries) {
      if (endsAt > now) break;
      this.entries.delete(old);
    }
    this.entries.set(digest, { holder, endsAt: now + ttlMs });
  }

  override async take(digest: string): Promise<string | null> {
    const entry = this.entries.get(digest);
    this.entries.delete(digest);
    return entry !== undefined && entry.endsAt > this.now() ? entry.holder : null;
  }
}
