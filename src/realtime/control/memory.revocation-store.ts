import type { Revocation } from '../auth/revocation.js';
import { Revocations } from '../auth/revocations.js';
import type { RealtimeClock } from '../clock/realtime-clock.js';
import { RevocationStore } from './revocation-store.js';

/** Revocation store of a single instance. */
export class MemoryRevocationStore extends RevocationStore {
  private readonly revocations: Revocations;

  constructor(clock: RealtimeClock) {
    super();
    this.revocations = new Revocations(clock);
  }

  override onReachable(): void {
    // Memory is always reachable.
  }

  override async add(revocation: Revocation): Promise<void> {
    this.revocations.add(revocation);
  }

  override async all(): Promise<Revocation[]> {
    return [...this.revocations];
  }

  override async lineage(): Promise<string> {
    return 'memory';
  }
}
