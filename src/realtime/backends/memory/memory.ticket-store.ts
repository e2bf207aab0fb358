import { TicketStore } from '../../auth/ticket-store.js';

interface Entry {
  readonly holder: string;
  readonly endsAt: number;
}

/** Number of tickets from which expired ones are removed. */
const MIN_SWEEP = 1_000;

/** Ticket store for a single instance. */
export class MemoryTicketStore extends TicketStore {
  private readonly entries = new Map<string, Entry>();
  /** Number of entries at which the expired ones are removed. A sweep sets it to twice the remaining entries, so it costs each `put` one or two entries. */
  private sweepAt = MIN_SWEEP;

  /** @param now monotonic clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override async put(digest: string, holder: string, ttlMs: number): Promise<void> {
    if (this.entries.size >= this.sweepAt) this.sweep();
    this.entries.set(digest, { holder, endsAt: this.now() + ttlMs });
  }

  override async take(digest: string): Promise<string | null> {
    const holder = this.holderOf(digest);
    this.entries.delete(digest);
    return holder;
  }

  override async get(digest: string): Promise<string | null> {
    return this.holderOf(digest);
  }

  private holderOf(digest: string): string | null {
    const entry = this.entries.get(digest);
    return entry !== undefined && entry.endsAt > this.now() ? entry.holder : null;
  }

  private sweep(): void {
    const now = this.now();
    for (const [digest, { endsAt }] of this.entries) if (endsAt <= now) this.entries.delete(digest);
    this.sweepAt = Math.max(MIN_SWEEP, 2 * this.entries.size);
  }
}
