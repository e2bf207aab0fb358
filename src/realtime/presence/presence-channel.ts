import type { PresenceMember } from '../../protocol/index.js';
import type { Subscription } from '../connections/subscription.js';
import { runSafely } from '../observability/run-safely.js';
import { channelOf } from '../tenants/topic.js';
import { LocalPresence } from './local-presence.js';
import type { PresencePace } from './presence-pace.js';
import type { PresenceStore } from './presence-store.js';
import { PresenceWatchers } from './presence-watchers.js';
import { Roster } from './roster.js';

/** Changes within this time are read together, in milliseconds. */
const SETTLE_MS = 50;
/** Minimum time between two reads, in milliseconds. A user who joins and leaves in a loop notifies every watcher. */
const MIN_SPACING_MS = 100;
const MAX_SPACING_MS = 10_000;
/** It is also at least this many times the duration of a read and its notifications. */
const SPACING_PER_READ = 10;
/** If the time between reads is longer than this, in milliseconds, the last result is used as the answer. */
const MAX_WAIT_MS = 500;
/** Time after which a watcher that read too slowly is looked at again, in milliseconds. */
const BEHIND_MS = 1_000;
/** Maximum number of writes that delay a read which should include them: changes may never stop. */
const WRITES_BEFORE_READ = 3;
/** Pause after a failure of the store, in milliseconds. */
const RETRY_MS = 250;
/**
 * Maximum size of the changes of info and state that one read sends to each watcher, in bytes. With more of them, each
 * change waits longer, and a member's next change replaces it.
 */
const UPDATE_BYTES = 65_536;
/** Factor by which a channel without watchers is read less often. It is read only to verify that nothing was lost. */
const UNWATCHED = 3;

/** Members of a channel. */
export interface PresenceList {
  readonly members: readonly PresenceMember[];
  readonly count: number;
}

interface PendingQuery {
  resolve(list: PresenceList): void;
  reject(error: unknown): void;
}

/**
 * Presence of one channel on this instance: writes local changes to the store, reads the state of all instances, and
 * notifies watchers. It runs one operation at a time; `sync` drives it without timers.
 */
export class PresenceChannel {
  readonly local = new LocalPresence<Subscription>();
  private readonly roster = new Roster();
  private readonly watchers: PresenceWatchers;
  private pendingQueries: PendingQuery[] = [];
  private working: Promise<void> | null = null;
  private readAt = Infinity;
  private keepAt = Infinity;
  private retryAt = 0;
  private lastReadAt = -Infinity;
  /** Time until which changes of info and state alone wait, so that members who never stop cost little. */
  private writeDataAt = -Infinity;
  private spacing = MIN_SPACING_MS;
  /** True if any instance reported a change since the last read. */
  private stale = false;
  /** True if local changes must be written before the next read, because of a query or because they were lost. */
  private mustFlush = false;
  /** Number of writes that delayed the next read. */
  private delays = 0;
  /** True if the current read repeats one that found local values missing. */
  private repeated = false;
  /** Time from which a missing member counts as gone: after a loss of data, other instances store theirs again first. */
  private trustedAt = 0;

  /**
   * @param onStored called after this instance changed the stored members, so that other instances read them soon
   * @param now milliseconds of a monotonic clock
   */
  constructor(
    private readonly topic: string,
    private readonly store: PresenceStore,
    private readonly pace: Pick<PresencePace, 'renewMs'>,
    private readonly onStored: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.watchers = new PresenceWatchers(channelOf(topic), this.roster);
  }

  /** Time that a member should wait between two updates of its state, in milliseconds: the time between two reads. */
  get updateIntervalMs(): number {
    return Math.ceil(this.spacing);
  }

  /**
   * Returns the time of a state that a user sets. A new state is later than all known ones, also if the clock of another
   * instance is ahead.
   * @param now milliseconds since 1970
   * @param ageMs time since the client set the state
   */
  timeOfState(userId: string, now: number, ageMs: number): number {
    return Math.round(ageMs > 0 ? now - ageMs : Math.max(now, this.roster.stateAt(userId) + 1));
  }

  /** True if there are no members, no pending work and no cached answer. */
  get isIdle(): boolean {
    const { local } = this;
    if (!local.isEmpty || local.hasChanges || local.isStale || this.isAwaited || this.working !== null) return false;
    return this.now() >= this.lastReadAt + this.spacing;
  }

  /** A subscription started: schedules the renewal of its entry. */
  onEntered(): void {
    const now = this.now();
    this.keepAt = Math.min(this.keepAt, now + this.pace.renewMs);
    this.readAt = Math.min(this.readAt, now + UNWATCHED * this.pace.renewMs);
  }

  /** Sends this subscription the list of members, and all changes after it. */
  watch(subscription: Subscription): void {
    this.watchers.add(subscription);
    this.mustFlush = true;
    if (this.isFresh()) this.watchers.greet(subscription);
    else this.readSoon(0);
    this.syncSoon();
  }

  unwatch(subscription: Subscription): void {
    this.watchers.remove(subscription);
  }

  /** Sends the whole list again to a watcher that was paused, because it missed changes. */
  resumed(subscription: Subscription): void {
    if (this.watchers.remove(subscription)) this.watch(subscription);
  }

  /** @throws RealtimeUnavailableError */
  list(): Promise<PresenceList> {
    if (this.isFresh()) return Promise.resolve(this.answer());
    return new Promise((resolve, reject) => {
      this.pendingQueries.push({ resolve, reject });
      this.mustFlush = true;
      this.retryAt = 0;
      this.readSoon(0);
      this.syncSoon();
    });
  }

  private syncSoon(): void {
    runSafely('Presence of a channel', () => this.sync());
  }

  /** Another instance reported a change. */
  hint(): void {
    this.stale = true;
    if (this.isAwaited) this.readSoon(SETTLE_MS);
  }

  /** Marks the stored values as possibly lost. */
  markStale(): void {
    this.local.markStale();
    this.retry();
  }

  /** The store is available again. */
  retry(): void {
    this.retryAt = 0;
  }

  /** Runs the operations that are due. Never rejects. */
  async sync(): Promise<void> {
    if (this.working !== null || !this.isDue) return;
    this.working = this.work();
    await this.working;
    this.working = null;
  }

  /** Writes the remaining changes. Never rejects. */
  async flush(): Promise<void> {
    await this.working;
    await this.sync();
  }

  private get isAwaited(): boolean {
    return !this.watchers.isEmpty || this.pendingQueries.length > 0;
  }

  /** True if {@link sync} has an operation to run. */
  get isDue(): boolean {
    const { local } = this;
    const now = this.now();
    if (now < this.retryAt) return false;
    if (local.isStale || local.hasUrgentChanges || now >= this.readAt || now >= this.keepAt) return true;
    return local.hasChanges && now >= this.writeDataAt;
  }

  private async work(): Promise<void> {
    try {
      while (this.isDue) await this.step();
    } catch (error) {
      this.failed(error);
    }
  }

  private async step(): Promise<void> {
    const { local, store, topic } = this;
    const now = this.now();
    const writesFirst = local.hasChanges && this.mustFlush && this.delays < WRITES_BEFORE_READ;
    const mustRead = local.isStale || (now >= this.readAt && !writesFirst);
    if (!mustRead && local.hasChanges) {
      this.mustFlush = false;
      if (now >= this.readAt) this.delays += 1;
      this.stale = true;
      const changes = local.takeChanges();
      await store.write(topic, changes, local.dataOfUsers(changes.keys()));
      this.writeDataAt = now + spacingAfter(this.now() - now);
      this.onStored();
      if (this.isAwaited) this.readSoon(SETTLE_MS);
    } else if (mustRead) {
      await this.read();
    } else {
      this.keepAt = local.isEmpty ? Infinity : now + this.pace.renewMs;
      if (!local.isEmpty && !(await store.keep(topic))) local.markStale();
    }
  }

  private async read(): Promise<void> {
    const start = this.now();
    const { renewMs } = this.pace;
    // Queries that arrive during the read are answered by the next one.
    const queries = this.pendingQueries.length;
    const newWatchers = this.watchers.waiting();
    this.delays = 0;
    this.stale = false;
    const present = await this.store.read(this.topic);
    if (present.removed) this.onStored();
    const end = this.now();
    const isFirst = this.lastReadAt === -Infinity; // no member can be missing on the first read
    this.lastReadAt = end;
    this.spacing = spacingAfter(end - start);
    if (this.local.compare(present.own, present.ownData)) {
      if (!isFirst) this.trustedAt = end + 2 * renewMs;
      // Local values must be stored again before the list is complete; once only, because they may be lost repeatedly.
      this.repeated = !this.repeated;
      if (this.repeated) {
        this.mustFlush = true;
        this.readAt = end;
        return;
      }
    }
    this.repeated = false;
    const change = this.roster.update(present, end >= this.trustedAt);
    if (this.watchers.size === 0) this.roster.skipUpdates();
    await this.watchers.notify({ ...change, updated: this.roster.takeUpdates(UPDATE_BYTES) });
    await this.watchers.sendList(newWatchers);
    // Queries are answered after the watchers are notified, so that they are never ahead of them.
    for (const query of this.pendingQueries.splice(0, queries)) query.resolve(this.answer());
    this.spacing = spacingAfter(this.now() - start);
    this.readAt = this.local.isEmpty ? Infinity : end + Math.max(this.spacing, UNWATCHED * renewMs);
    if (this.pendingQueries.length > 0 || this.watchers.hasPending) this.readSoon(0);
    if (this.watchers.size > 0) this.readSoon(Math.max(this.spacing, this.waitAfterRead()));
  }

  /** Returns the time until the next read for watchers. */
  private waitAfterRead(): number {
    if (this.stale || this.roster.hasUpdates) return SETTLE_MS;
    return this.watchers.hasBehind ? BEHIND_MS : this.pace.renewMs;
  }

  private readSoon(delay: number): void {
    this.readAt = Math.min(this.readAt, Math.max(this.now() + delay, this.lastReadAt + this.spacing));
  }

  private failed(error: unknown): void {
    this.retryAt = this.now() + RETRY_MS;
    // A failed command may have been executed, and the store may recover without its data.
    this.local.markStale();
    const queries = this.pendingQueries;
    this.pendingQueries = [];
    for (const query of queries) query.reject(error);
  }

  /** Returns true if the result of the last read can be used. */
  private isFresh(): boolean {
    if (this.now() >= this.lastReadAt + this.spacing || this.local.isStale) return false;
    return this.spacing > MAX_WAIT_MS || (!this.stale && !this.local.hasChanges);
  }

  private answer(): PresenceList {
    return { members: this.roster.list(), count: this.roster.count };
  }
}

function spacingAfter(tookMs: number): number {
  return Math.min(MAX_SPACING_MS, Math.max(MIN_SPACING_MS, SPACING_PER_READ * tookMs));
}
