import type { RealtimeClock } from '../../timing/realtime-clock.js';
import {
  ENDED_CLAIM_MS,
  NOT_COUNTED,
  OccupancyStore,
  type Claim,
  type NextClaim,
} from '../../occupancy/occupancy-store.js';

/** Occupancy store of a single instance. */
export class MemoryOccupancyStore extends OccupancyStore {
  private readonly counts = new Map<string, number>();
  private readonly held = new Map<string, Claim>();
  /** Ended claims, oldest first, with the time at which they are forgotten. */
  private readonly ended = new Map<string, number>();

  constructor(
    private readonly instance: string,
    private readonly clock: RealtimeClock,
  ) {
    super();
  }

  override async write(counts: ReadonlyMap<string, number | null>): Promise<void> {
    for (const [key, count] of counts) {
      if (count === null) this.counts.delete(key);
      else this.counts.set(key, count);
    }
  }

  override async size(): Promise<number> {
    return this.counts.size;
  }

  override async totals(keys: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    const counted = [...keys].map((key) => [key, this.counts.get(key) ?? NOT_COUNTED] as const);
    return new Map(counted.filter(([, count]) => count !== NOT_COUNTED));
  }

  override async claims(keys: Iterable<string>): Promise<ReadonlyMap<string, Claim>> {
    this.forgetEnded();
    return new Map([...keys].flatMap((key) => (this.held.has(key) ? [[key, this.held.get(key)!]] : [])));
  }

  override async claim(key: string, expected: Claim | null, next: NextClaim): Promise<Claim | null> {
    this.forgetEnded();
    const now = this.held.get(key) ?? null;
    if (!isSame(now, expected)) return null;
    const { state, owner } = next;
    const sequence = next.sequence ?? Math.max(Math.floor(this.clock.wall() * 1_000), (now?.sequence ?? 0) + 1);
    const claim: Claim = { state, sequence, owner };
    this.held.set(key, claim);
    this.ended.delete(key);
    if (state === 'ended') this.ended.set(key, this.clock.now() + ENDED_CLAIM_MS);
    return claim;
  }

  override async instances(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }> {
    return { living: [this.instance], dead: [] };
  }

  override async keysOf(instance: string, most: number): Promise<readonly string[]> {
    return instance === this.instance ? [...this.counts.keys()].slice(0, most) : [];
  }

  override async drop(): Promise<void> {
    // No instance dies: this one is alone.
  }

  private forgetEnded(): void {
    const now = this.clock.now();
    for (const [key, end] of this.ended) {
      if (end > now) break;
      this.ended.delete(key);
      this.held.delete(key);
    }
  }
}

function isSame(one: Claim | null, other: Claim | null): boolean {
  if (one === null || other === null) return one === other;
  return one.state === other.state && one.sequence === other.sequence && one.owner === other.owner;
}
