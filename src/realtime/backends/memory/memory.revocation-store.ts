import type { RealtimeClock } from '../../timing/realtime-clock.js';
import { RevocationStore, type StoredRevocation } from '../../cluster/control/revocation-store.js';

/** Revocation store of a single instance. */
export class MemoryRevocationStore extends RevocationStore {
  /** entry → until */
  private readonly entries = new Map<string, number>();

  constructor(private readonly clock: RealtimeClock) {
    super();
  }

  override onReachable(): void {
    // Memory is always reachable.
  }

  override async add({ entry, until }: StoredRevocation, capacity: number, superseded?: string): Promise<boolean> {
    if (superseded !== undefined) this.entries.delete(superseded);
    const known = this.entries.get(entry);
    if (known === undefined && this.entries.size >= capacity) this.forgetExpired();
    if (known === undefined && this.entries.size >= capacity) return false;
    this.entries.set(entry, Math.max(until, known ?? until));
    return true;
  }

  override async all(): Promise<readonly StoredRevocation[]> {
    this.forgetExpired();
    return [...this.entries].map(([entry, until]) => ({ entry, until }));
  }

  override async lineage(): Promise<string> {
    return 'memory';
  }

  private forgetExpired(): void {
    const now = this.clock.wall();
    for (const [entry, until] of this.entries) if (until <= now) this.entries.delete(entry);
  }
}
