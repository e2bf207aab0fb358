import type { Revocation } from '../auth/revocation.js';
import { Revocations } from '../auth/revocations.js';
import type { RealtimeClock } from '../clock/realtime-clock.js';
import { RevocationStore } from './revocation-store.js';

/** The store of an instance that is alone. */
export class MemoryRevocationStore extends RevocationStore {
  private readonly revocations: Revocations;

  constructor(clock: RealtimeClock) {
    super();
    this.revocations = new Revocations(clock);
  }

  override onReachable(): void {
    // It always is.
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
