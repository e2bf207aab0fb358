import type { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import { withTimeout } from '../timing/with-timeout.js';
import { Announcer, type Announce } from './announcer.js';
import { LocalCounts, type KeyUse } from './local-counts.js';
import { nextStep, type Step } from './next-step.js';
import type { Claim, OccupancyStore } from './occupancy-store.js';
import { successorOf } from './successor.js';

/** Maximum number of keys that one round examines, and of those that it examines only to verify their claims. */
const KEYS_PER_ROUND = 1_000;
const VERIFIED_PER_ROUND = 100;
/** Maximum number of concurrent announcements. */
const MAX_ANNOUNCEMENTS = 100;
/** Minimum time between two writes of numbers, in milliseconds. Keys that appear or disappear are written in each round. */
export const NUMBERS_MS = 1_000;
/** Pause after a failure of the store, in milliseconds. */
const RETRY_MS = 250;
/** Number of renewals within which the owner of a key stores its claim again, after a loss of data. */
const RESTORED_AFTER = 3;
/** Time limit for handing over claims at shutdown, in milliseconds. */
const LEAVE_MS = 1_000;

/** Settings and callbacks of an {@link OccupancyKeeper}. */
export interface KeeperSetup {
  readonly useOf: (key: string) => KeyUse;
  readonly announce: Announce;
  /** Called with keys whose stored counts or claims changed, so that other instances look at them soon. */
  readonly onStored: (keys: readonly string[]) => void;
  /** Interval in which keys of dead instances are looked for, and each claim is verified at most once. */
  readonly renewMs: () => number;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/**
 * Keeps the counts of this instance in the store, and announces changes of keys. It runs without timers: `round` is
 * called often, and does the work that is due.
 */
export class OccupancyKeeper {
  readonly counts: LocalCounts;
  private readonly announcer: Announcer;
  /** Keys to examine in the next round. */
  private readonly attention = new Set<string>();
  /** Keys that appeared on this instance, and of which it has not seen a claim yet. */
  private readonly unclaimed = new Set<string>();
  /** Keys whose claim the store lost, with the time at which that was noticed. */
  private readonly lost = new Map<string, number>();
  private verifying: Iterator<string> | null = null;
  private verifiedAt = -Infinity;
  private sweptAt = -Infinity;
  private numbersAt = -Infinity;
  private retryAt = 0;
  private announcing = 0;
  private running: Promise<void> | null = null;
  private sweeping: Promise<void> | null = null;
  private registrationsSeen = 0;
  private left = false;

  constructor(
    private readonly store: OccupancyStore,
    private readonly directory: InstanceDirectory,
    private readonly setup: KeeperSetup,
  ) {
    this.counts = new LocalCounts(setup.useOf);
    this.announcer = new Announcer(store, this.counts, directory.id, setup.announce);
  }

  /** Counts a connection. */
  add(key: string): void {
    if (!this.counts.add(key) || !this.counts.isAnnounced(key)) return;
    this.attention.add(key);
    this.unclaimed.add(key);
  }

  /** @param keepUntil end of the grace period if this was the last connection here; `null` for none */
  remove(key: string, keepUntil: number | null): void {
    this.counts.remove(key, keepUntil);
    this.lookIfGone(key);
  }

  /** Ends grace periods. */
  expire(now: number): void {
    for (const key of this.counts.expire(now)) this.lookIfGone(key);
  }

  /** Another instance reported a change. */
  hint(key: string): void {
    if (!this.counts.isAnnounced(key)) return;
    const isOwned = this.counts.ownedBy(key) !== null;
    if (isOwned !== this.counts.exists(key)) this.attention.add(key);
  }

  /** Does the work that is due, unless a round is running. Never rejects. */
  async round(): Promise<void> {
    if (this.running !== null || this.left || this.setup.now() < this.retryAt) return;
    this.running = this.work().catch(() => this.failed());
    await this.running;
    this.running = null;
  }

  /**
   * Hands over: another instance announces the changes of keys that this one owns. An instance that is alone announces
   * all of them as vacant. Within a time limit.
   */
  async leave(): Promise<void> {
    this.left = true;
    const handedOver = (async () => {
      await this.running;
      const owned = this.counts.owned().filter(([key]) => !this.counts.isBusy(key));
      for (const [key] of owned) this.counts.setBusy(key, true);
      const leave = this.directory.isAlone ? this.endOne : this.releaseOne;
      await Promise.all(owned.map((each) => leave(...each)));
      this.setup.onStored(owned.map(([key]) => key));
    })().catch(() => undefined); // other instances take over once the lease of this one is over
    await withTimeout(handedOver, LEAVE_MS, () => undefined);
  }

  private readonly endOne = async (key: string, claim: Claim): Promise<void> => {
    await this.store.write(new Map([[key, null]]));
    await this.announcer.vacate(key, claim);
  };

  private readonly releaseOne = async (key: string, claim: Claim): Promise<void> => {
    await this.store.claim(key, claim, { ...claim, owner: '' });
  };

  private lookIfGone(key: string): void {
    if (this.counts.exists(key)) return;
    this.lost.delete(key);
    if (this.counts.ownedBy(key) !== null) this.attention.add(key);
  }

  private async work(): Promise<void> {
    const { registrations } = this.directory;
    if (registrations === 0) return;
    // The lease had expired, or data was lost: other instances may have dropped the stored counts.
    if (registrations !== this.registrationsSeen) this.storeAgain();
    this.registrationsSeen = registrations;
    const now = this.setup.now();
    const withNumbers = now >= this.numbersAt + NUMBERS_MS;
    if (withNumbers) this.numbersAt = now;
    await this.write(withNumbers);
    await this.examineDue(now);
    if (now < this.sweptAt + this.setup.renewMs() || this.sweeping !== null) return;
    this.sweptAt = now;
    if ((await this.store.size()) !== this.counts.storedSize) this.storeAgain();
    if (this.directory.isAlone) return;
    this.sweeping = this.sweep()
      .catch(() => undefined) // swept again later
      .finally(() => (this.sweeping = null));
  }

  private storeAgain(): void {
    this.counts.markUnknown();
    for (const [key] of this.counts.owned()) this.attention.add(key);
    this.verifiedAt = -Infinity;
  }

  private failed(): void {
    this.retryAt = this.setup.now() + RETRY_MS;
    this.numbersAt = -Infinity;
  }

  private async write(withNumbers: boolean): Promise<void> {
    const changes = this.counts.takeChanges(withNumbers);
    if (changes.size === 0) return;
    try {
      await this.store.write(changes);
    } catch (error) {
      this.counts.markUnknown(changes.keys());
      throw error;
    }
    this.setup.onStored([...changes.keys()]);
  }

  /** Examines the keys that need attention, and verifies the claims of some others. */
  private async examineDue(now: number): Promise<void> {
    const keys = new Set<string>();
    for (const key of this.attention) {
      if (keys.size === KEYS_PER_ROUND) break;
      if (!this.counts.isBusy(key)) keys.add(key);
    }
    for (const key of keys) this.attention.delete(key);
    for (const key of this.nextVerified(now)) if (!this.counts.isBusy(key)) keys.add(key);
    try {
      await this.examine([...keys]);
    } catch (error) {
      for (const key of keys) this.attention.add(key);
      throw error;
    }
  }

  private *nextVerified(now: number): Iterable<string> {
    if (this.verifying === null) {
      if (now < this.verifiedAt + this.setup.renewMs()) return;
      this.verifiedAt = now;
      this.verifying = this.counts.keys();
    }
    for (let left = VERIFIED_PER_ROUND; left > 0; left -= 1) {
      const { value, done = false } = this.verifying.next();
      if (done) {
        this.verifying = null;
        return;
      }
      if (this.counts.isAnnounced(value)) yield value;
    }
  }

  /** Starts the next step of each key. @returns the announcements that started, by key */
  private async examine(keys: readonly string[]): Promise<ReadonlyMap<string, Promise<boolean>>> {
    const started = new Map<string, Promise<boolean>>();
    if (keys.length === 0) return started;
    const claims = await this.store.claims(keys);
    const owners = await this.directory.living(new Set([...claims.values()].map(({ owner }) => owner)));
    const steps = keys.flatMap((key): [string, Step][] => {
      if (this.counts.isBusy(key)) return [];
      const claim = claims.get(key) ?? null;
      const owner = claim?.owner ?? '';
      const facts = { exists: this.counts.exists(key), owned: this.counts.ownedBy(key), claim };
      const step = nextStep({ ...facts, isMine: owner === this.directory.id, isOwnerLive: owners.has(owner) });
      return this.mustWait(key, step, claim) || step === 'none' ? [] : [[key, step]];
    });
    if (steps.length === 0) return started;
    const counted = await this.store.totals(steps.flatMap(([key, step]) => (step === 'check' ? [key] : [])));
    const due = steps.filter(([key]) => !this.counts.isBusy(key));
    for (const [key] of due.splice(Math.max(0, MAX_ANNOUNCEMENTS - this.announcing))) this.attention.add(key);
    for (const [key] of due) this.counts.setBusy(key, true);
    this.announcing += due.length;
    try {
      await this.write(false); // if this instance dies, another one finds the keys that it announces
    } catch (error) {
      for (const [key] of due) this.ended(key, true);
      throw error;
    }
    for (const [key, step] of due) started.set(key, this.run(key, step, claims.get(key) ?? null, counted.has(key)));
    return started;
  }

  /**
   * After a loss of data the owner of a key stores its claim again. Another instance claims the key only if that does not
   * happen; otherwise it would announce the key a second time.
   */
  private mustWait(key: string, step: Step, claim: Claim | null): boolean {
    if (claim !== null || step !== 'claim') {
      this.lost.delete(key);
      this.unclaimed.delete(key);
      return false;
    }
    if (this.unclaimed.has(key)) return false;
    const now = this.setup.now();
    const since = this.lost.get(key) ?? now;
    this.lost.set(key, since);
    return now < since + RESTORED_AFTER * this.setup.renewMs();
  }

  private async run(key: string, step: Step, claim: Claim | null, isCounted: boolean): Promise<boolean> {
    let again = true;
    try {
      again = await this.announcer.run(key, step, claim, isCounted);
      return true;
    } catch {
      return false; // the store is unavailable: examined again
    } finally {
      this.ended(key, again);
    }
  }

  private ended(key: string, again: boolean): void {
    this.announcing -= 1;
    this.counts.setBusy(key, false);
    if (again) this.attention.add(key);
  }

  /** Takes over the keys of dead instances, and drops them. */
  private async sweep(): Promise<void> {
    const { living, dead } = await this.store.instances();
    for (const instance of dead) {
      if (successorOf(instance, living) !== this.directory.id) continue;
      await this.takeOver(instance);
    }
  }

  private async takeOver(instance: string): Promise<void> {
    while (!this.left) {
      const keys = await this.store.keysOf(instance, MAX_ANNOUNCEMENTS);
      const announced = keys.filter((key) => this.counts.isAnnounced(key));
      const busy = announced.filter((key) => this.counts.isBusy(key));
      const free = announced.filter((key) => !busy.includes(key));
      const started = await this.examine(free);
      const undone = new Set(busy);
      for (const [key, done] of started) if (!(await done)) undone.add(key);
      for (const key of free) if (this.attention.has(key) && !started.has(key)) undone.add(key);
      const dropped = keys.filter((key) => !undone.has(key));
      await this.store.drop(instance, dropped);
      this.setup.onStored(dropped);
      if (dropped.length === 0) return;
    }
  }
}
