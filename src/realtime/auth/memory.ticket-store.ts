import { TicketStore } from './ticket-store.js';

interface Entry {
  readonly holder: string;
  readonly endsAt: number;
}

/** The store of an instance that is alone. Users get few tickets at a time, so what waits here is little. */
export class MemoryTicketStore extends TicketStore {
  private readonly entries = new Map<string, Entry>();

  /** @param now milliseconds of a clock that only goes forward */
  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override async put(digest: string, holder: string, ttlMs: number): Promise<void> {
    const now = this.now();
    // All entries have the same lifetime, so they are in the order in which they expire.
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
