import { MemoryStateStore } from '../../../src/realtime/backends/memory/memory.state-store.js';
import type { LoadClaim, LoadRight, StoredState } from '../../../src/realtime/live/state-store.js';

/** The store of the product, and the promises of its port: one right to load at a time, and a stored state never goes back. */
export class CheckedStore {
  private readonly states = new MemoryStateStore();
  /** The holder of the right to load, and the time at which its lease ends (`performance.now()`). */
  private right: { readonly holder: string; readonly until: number } | null = null;

  /**
   * @param rights rights that have not ended, by holder, with the instance. A load continues after the end of its lease, and after
   * the store has lost it
   */
  constructor(
    private readonly report: (violation: string) => void,
    private readonly rights = new Map<string, object>(),
  ) {}

  /** Returns a store that has lost all states and claims. */
  emptied(): CheckedStore {
    return new CheckedStore(this.report, this.rights);
  }

  read(topic: string): Promise<StoredState | null> {
    return this.states.read(topic);
  }

  async claim(owner: object, topic: string, holder: string, leaseMs: number): Promise<LoadClaim> {
    const claim = await this.states.claim(topic, holder, leaseMs);
    if (claim.state !== 'granted') return claim;
    const now = performance.now();
    const { right } = this;
    if (right !== null && right.holder !== holder && right.until > now) {
      this.report('The right to load was granted twice');
    }
    this.right = { holder, until: now + leaseMs };
    this.rights.set(holder, owner);
    return claim;
  }

  async write(topic: string, state: StoredState, right: LoadRight, ttlMs: number): Promise<boolean> {
    this.end(right);
    const before = await this.states.read(topic);
    const answer = await this.states.write(topic, state, right, ttlMs);
    const after = await this.states.read(topic);
    const [from, to] = [before?.position, after?.position];
    if (from !== undefined && to?.epoch === from.epoch && to.offset < from.offset) {
      this.report(`The stored state went back from ${from.offset} to ${to.offset}`);
    }
    if (answer && to?.offset !== state.position.offset) this.report('A state was not stored');
    return answer;
  }

  fail(topic: string, right: LoadRight, code: string, retryMs: number): Promise<void> {
    this.end(right);
    return this.states.fail(topic, right, code, retryMs);
  }

  /** An instance loads. */
  loads(owner: object): void {
    if (![...this.rights.values()].includes(owner)) this.report('An instance loads without the right to');
  }

  private end({ holder }: LoadRight): void {
    this.rights.delete(holder);
    if (this.right?.holder === holder) this.right = null;
  }
}
