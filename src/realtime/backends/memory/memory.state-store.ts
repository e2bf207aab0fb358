import {
  isAtLeastAsNew,
  StateStore,
  type LoadClaim,
  type LoadRight,
  type StoredState,
} from '../../live/state-store.js';

/** Maximum size of all states together, in characters of JSON. Beyond it the state that was written first is forgotten. */
const MAX_CHARACTERS = 134_217_728;
/** Number of expired claims that one claim forgets at most. It adds one, so they do not accumulate. */
const FORGOTTEN_AT_ONCE = 2;

interface Entry {
  readonly state: StoredState;
  readonly position: StoredState['position'];
  readonly token: number;
  readonly endsAt: number;
}

interface Claim {
  readonly right: LoadRight;
  readonly endsAt: number;
  readonly code: string | null;
}

/** State store of a single instance, of bounded size. */
export class MemoryStateStore extends StateStore {
  private readonly entries = new Map<string, Entry>();
  private readonly claims = new Map<string, Claim>();
  private characters = 0;
  private tokens = 0;

  /** @param now monotonic clock, in milliseconds */
  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly maxCharacters = MAX_CHARACTERS,
  ) {
    super();
  }

  override async read(topic: string): Promise<StoredState | null> {
    const entry = this.entries.get(topic);
    if (entry === undefined) return null;
    if (entry.endsAt > this.now()) return entry.state;
    this.forget(topic, entry);
    return null;
  }

  override async claim(topic: string, holder: string, leaseMs: number): Promise<LoadClaim> {
    const now = this.now();
    const claim = this.claims.get(topic);
    if (claim !== undefined && claim.endsAt > now) {
      if (claim.code !== null) return { state: 'failed', code: claim.code, retryMs: claim.endsAt - now };
      if (claim.right.holder !== holder) return { state: 'held' };
    }
    this.forgetClaims(now);
    this.tokens += 1;
    const right = { holder, token: this.tokens };
    this.claims.delete(topic);
    this.claims.set(topic, { right, endsAt: now + leaseMs, code: null });
    return { state: 'granted', right };
  }

  override async write(topic: string, state: StoredState, right: LoadRight, ttlMs: number): Promise<boolean> {
    this.endClaim(topic, right);
    const written = { state, position: state.position, token: right.token, endsAt: this.now() + ttlMs };
    const entry = this.entries.get(topic);
    if (entry !== undefined && entry.endsAt > this.now() && !isAtLeastAsNew(written, entry)) return false;
    if (entry !== undefined) this.forget(topic, entry);
    this.entries.set(topic, written);
    this.characters += state.json.length;
    for (const [oldest, one] of this.entries) {
      if (this.characters <= this.maxCharacters) break;
      this.forget(oldest, one);
    }
    return true;
  }

  override async fail(topic: string, right: LoadRight, code: string, retryMs: number): Promise<void> {
    if (this.endClaim(topic, right)) this.claims.set(topic, { right, endsAt: this.now() + retryMs, code });
  }

  private endClaim(topic: string, { holder }: LoadRight): boolean {
    const claim = this.claims.get(topic);
    return claim?.right.holder === holder && claim.code === null && this.claims.delete(topic);
  }

  private forget(topic: string, { state }: Entry): void {
    this.entries.delete(topic);
    this.characters -= state.json.length;
  }

  private forgetClaims(now: number): void {
    let left = FORGOTTEN_AT_ONCE;
    for (const [topic, { endsAt }] of this.claims) {
      if (endsAt > now || left === 0) return;
      left -= 1;
      this.claims.delete(topic);
    }
  }
}
