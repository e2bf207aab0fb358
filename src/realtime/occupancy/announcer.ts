import type { LocalCounts } from './local-counts.js';
import type { Claim, ClaimState, OccupancyStore } from './occupancy-store.js';
import type { Step } from './next-step.js';

/** A change of a key. `released`: another instance announces the changes of the key from now on. */
export type Change = 'occupied' | 'vacant' | 'released';

/** Runs the hooks for a change. Resolves when they have ended. Never rejects. */
export type Announce = (change: Change, key: string, sequence: number) => Promise<void>;

/** Announces the changes of keys, one at a time for each key, on one instance of the cluster. */
export class Announcer {
  constructor(
    private readonly store: OccupancyStore,
    private readonly counts: LocalCounts,
    private readonly instance: string,
    private readonly announce: Announce,
  ) {}

  /**
   * Carries out a step that {@link nextStep} chose.
   * @param claim the stored claim
   * @param isCounted any instance counts the key; only for the step `check`
   * @returns true if the key has to be examined again
   * @throws RealtimeUnavailableError; the key has to be examined again
   */
  async run(key: string, step: Step, claim: Claim | null, isCounted: boolean): Promise<boolean> {
    switch (step) {
      case 'claim':
        return this.start(key, await this.replace(key, claim, 'starting', null));
      case 'start':
        return this.start(key, await this.replace(key, claim, 'starting', claim!.sequence));
      case 'check':
        return this.check(key, claim!, isCounted);
      case 'finish':
        return this.finish(key, await this.replace(key, claim, 'ending', claim!.sequence));
      case 'restore': {
        const { state, sequence } = this.counts.ownedBy(key)!;
        const restored = await this.replace(key, null, state, sequence);
        if (restored !== null) this.counts.own(key, restored);
        return true;
      }
      case 'lost': {
        const { sequence } = this.counts.ownedBy(key)!;
        this.counts.own(key, null);
        await this.announce('released', key, sequence);
        return true;
      }
      default:
        return step === 'wait';
    }
  }

  /** Announces that a key is vacant, whose claim this instance holds and that no instance counts. */
  async vacate(key: string, claim: Claim): Promise<boolean> {
    const ending = await this.replace(key, claim, 'ending', null);
    if (ending === null) return true;
    // An instance that counted the key before it could see this claim is seen here. One that counts it later waits.
    if (!(await this.store.totals([key])).has(key)) return this.finish(key, ending);
    const isKnown = this.counts.ownedBy(key)?.sequence === claim.sequence;
    const back = await this.replace(key, ending, isKnown ? 'held' : 'starting', claim.sequence);
    if (back === null || !isKnown) return this.start(key, back);
    this.counts.own(key, back);
    return false;
  }

  private check(key: string, claim: Claim, isCounted: boolean): boolean | Promise<boolean> {
    if (!isCounted) return this.vacate(key, claim);
    const isKnown = claim.owner === this.instance && this.counts.ownedBy(key)?.sequence === claim.sequence;
    return isKnown ? false : this.run(key, 'start', claim, true);
  }

  private async start(key: string, starting: Claim | null): Promise<boolean> {
    if (starting === null) return true;
    this.counts.own(key, starting);
    await this.announce('occupied', key, starting.sequence);
    const held = await this.replace(key, starting, 'held', starting.sequence);
    if (held !== null) this.counts.own(key, held);
    return true;
  }

  private async finish(key: string, ending: Claim | null): Promise<boolean> {
    if (ending === null) return true;
    await this.announce('vacant', key, ending.sequence);
    // If the next command is not executed, the announcement is repeated.
    this.counts.own(key, null);
    await this.replace(key, ending, 'ended', ending.sequence);
    return true;
  }

  private replace(
    key: string,
    expected: Claim | null,
    state: ClaimState,
    sequence: number | null,
  ): Promise<Claim | null> {
    return this.store.claim(key, expected, { state, owner: this.instance, sequence });
  }
}
