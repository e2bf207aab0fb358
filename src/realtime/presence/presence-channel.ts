import type { PresenceMember, ServerFrame, Unstamped } from '../../protocol/index.js';
import type { Subscription } from '../connections/subscription.js';
import { runSafely } from '../observability/run-safely.js';
import { channelOf } from '../tenants/topic.js';
import { inTurns } from './in-turns.js';
import { LocalPresence } from './local-presence.js';
import type { PresencePace } from './presence-pace.js';
import type { PresenceStore } from './presence-store.js';
import { MAX_LISTED, Roll, type RollChange } from './roll.js';

/** What comes close together is read together, in milliseconds. */
const SETTLE_MS = 50;
/**
 * Between two reads lies at least this, and ten times as long as it took to read and to notify the watchers: one user who joins and
 * leaves in a loop is written to thousands of them.
 */
const MIN_SPACING_MS = 100;
const MAX_SPACING_MS = 10_000;
const SPACING_PER_READ = 10;
/** Of a channel that takes longer to read than this allows, what was read last is the answer. */
const PATIENCE_MS = 500;
/** Whoever asks sees what happened here before, but people may ask, come and go all the time: a read waits for so many writes at most. */
const WRITES_BEFORE_READ = 3;
/** How long a store that did not answer is left alone, in milliseconds. */
const RETRY_MS = 250;
/** A channel that nobody watches is read so many times less often, only to find out whether all is still there. */
const UNWATCHED = 3;

/** Who is here, as an answer. */
export interface PresenceList {
  readonly members: readonly PresenceMember[];
  readonly count: number;
}

interface Asker {
  resolve(list: PresenceList): void;
  reject(error: unknown): void;
}

/**
 * One channel with presence as this instance sees it: says what is here to the store, reads what is everywhere, and tells
 * those who watch. One thing at a time; `look` drives it, and there are no timers.
 */
export class PresenceChannel {
  readonly local = new LocalPresence<Subscription>();
  private readonly roll = new Roll();
  /** Told of who joins and leaves. */
  private readonly watchers = new Set<Subscription>();
  /** Not told yet who is here. */
  private readonly newcomers = new Set<Subscription>();
  private askers: Asker[] = [];
  private working: Promise<void> | null = null;
  private readAt = Infinity;
  private keepAt = Infinity;
  private retryAt = 0;
  private lastReadAt = -Infinity;
  private spacing = MIN_SPACING_MS;
  /** Something changed somewhere since the last read. */
  private stale = false;
  /** What happened here is to be written before the next read: somebody asked since, or it was lost. */
  private owesWrite = false;
  /** Since the last read. */
  private writes = 0;
  /** The read under way follows one that found our own part missing. */
  private repeated = false;
  /** From when on somebody who is not found has left: after a loss of data others have to say again who is with them. */
  private trustedAt = 0;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(
    private readonly topic: string,
    private readonly store: PresenceStore,
    private readonly pace: Pick<PresencePace, 'renewMs'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Nothing is here, nothing is to be done, and what was read last is no answer any more. */
  get isIdle(): boolean {
    const { local } = this;
    if (!local.isEmpty || local.hasChanges || local.isDoubtful || this.isAwaited || this.working !== null) return false;
    return this.now() >= this.lastReadAt + this.spacing;
  }

  /** Somebody subscribed here: sees to it that what is said of it stays said. */
  entered(): void {
    const now = this.now();
    this.keepAt = Math.min(this.keepAt, now + this.pace.renewMs);
    this.readAt = Math.min(this.readAt, now + UNWATCHED * this.pace.renewMs);
  }

  /** From now on this subscription is told who is here: first all, then who joins and leaves. */
  watch(subscription: Subscription): void {
    this.newcomers.add(subscription);
    this.owesWrite = true;
    if (this.isFresh()) this.greet(subscription, this.listing());
    else this.readSoon(0);
    this.lookSoon();
  }

  unwatch(subscription: Subscription): void {
    this.watchers.delete(subscription);
    this.newcomers.delete(subscription);
  }

  /** A watcher that was paused did not get what changed: it gets the whole list again. */
  resumed(subscription: Subscription): void {
    if (this.watchers.delete(subscription)) this.watch(subscription);
  }

  /** @throws RealtimeUnavailableError */
  list(): Promise<PresenceList> {
    if (this.isFresh()) return Promise.resolve(this.answer());
    return new Promise((resolve, reject) => {
      this.askers.push({ resolve, reject });
      this.owesWrite = true;
      this.retryAt = 0;
      this.readSoon(0);
      this.lookSoon();
    });
  }

  private lookSoon(): void {
    runSafely('Presence of a channel', () => this.look());
  }

  /** Another instance has said something. */
  hint(): void {
    this.stale = true;
    if (this.isAwaited) this.readSoon(SETTLE_MS);
  }

  /** What was said may have been lost. */
  doubt(): void {
    this.local.doubt();
    this.retry();
  }

  /** The store answers again. */
  retry(): void {
    this.retryAt = 0;
  }

  /** Does what is due. Never rejects. */
  async look(): Promise<void> {
    if (this.working !== null || !this.isDue) return;
    this.working = this.work();
    await this.working;
    this.working = null;
  }

  /** Says what there is still to say. Never rejects. */
  async finish(): Promise<void> {
    await this.working;
    await this.look();
  }

  private get isAwaited(): boolean {
    return this.watchers.size > 0 || this.newcomers.size > 0 || this.askers.length > 0;
  }

  /** Returns true if {@link look} has something to do, unless that is being done. */
  get isDue(): boolean {
    const { local } = this;
    const now = this.now();
    if (now < this.retryAt) return false;
    return local.isDoubtful || local.hasChanges || now >= this.readAt || now >= this.keepAt;
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
    const writesFirst = local.hasChanges && this.owesWrite && this.writes < WRITES_BEFORE_READ;
    const mustRead = local.isDoubtful || (now >= this.readAt && !writesFirst);
    if (!mustRead && local.hasChanges) {
      this.owesWrite = false;
      this.writes += 1;
      this.stale = true;
      await store.write(topic, local.take());
      if (this.isAwaited) this.readSoon(SETTLE_MS);
    } else if (mustRead) {
      await this.read();
    } else {
      this.keepAt = local.isEmpty ? Infinity : now + this.pace.renewMs;
      if (!local.isEmpty && !(await store.keep(topic))) local.doubt();
    }
  }

  private async read(): Promise<void> {
    const start = this.now();
    const { renewMs } = this.pace;
    // Those who come while the read is under way are told by the next one, which knows of them too.
    const askers = this.askers.length;
    const newcomers = new Set(this.newcomers);
    this.writes = 0;
    this.stale = false;
    const present = await this.store.read(this.topic);
    const end = this.now();
    const isFirst = this.lastReadAt === -Infinity; // nobody can be taken for gone yet
    this.lastReadAt = end;
    this.spacing = spacingAfter(end - start);
    if (this.local.compare(present.own)) {
      if (!isFirst) this.trustedAt = end + 2 * renewMs;
      // Our own part has to be said again before the whole can be told; once, for it may be lost again and again.
      this.repeated = !this.repeated;
      if (this.repeated) {
        this.owesWrite = true;
        this.readAt = end;
        return;
      }
    }
    this.repeated = false;
    const change = this.roll.update(present, end >= this.trustedAt);
    await this.tell(change);
    await this.welcome(newcomers);
    // After the watchers: a client that asks knows no more than they do.
    for (const asker of this.askers.splice(0, askers)) asker.resolve(this.answer());
    this.spacing = spacingAfter(this.now() - start);
    this.readAt = this.local.isEmpty ? Infinity : end + Math.max(this.spacing, UNWATCHED * renewMs);
    if (this.askers.length > 0 || this.newcomers.size > 0) this.readSoon(0);
    if (this.watchers.size > 0) this.readSoon(Math.max(this.spacing, this.stale ? SETTLE_MS : renewMs));
  }

  private readSoon(delay: number): void {
    this.readAt = Math.min(this.readAt, Math.max(this.now() + delay, this.lastReadAt + this.spacing));
  }

  private failed(error: unknown): void {
    this.retryAt = this.now() + RETRY_MS;
    // A command that failed may have been carried out, and the store may come back without what it had.
    this.local.doubt();
    const askers = this.askers;
    this.askers = [];
    for (const asker of askers) asker.reject(error);
  }

  /** Whether what was read last may be the answer. */
  private isFresh(): boolean {
    if (this.now() >= this.lastReadAt + this.spacing || this.local.isDoubtful) return false;
    return this.spacing > PATIENCE_MS || (!this.stale && !this.local.hasChanges);
  }

  private answer(): PresenceList {
    return { members: this.roll.list(), count: this.roll.count };
  }

  private async welcome(newcomers: ReadonlySet<Subscription>): Promise<void> {
    if (newcomers.size === 0) return;
    const frame = this.listing();
    await inTurns(newcomers, (newcomer) => this.greet(newcomer, frame));
  }

  private greet(newcomer: Subscription, frame: Buffer): void {
    if (!this.newcomers.delete(newcomer)) return; // it left in the meantime
    this.watchers.add(newcomer);
    if (!newcomer.isPaused) newcomer.connection.answer(frame);
  }

  private listing(): Buffer {
    return bytesOf({ type: 'presence', channel: channelOf(this.topic), ...this.answer() });
  }

  private async tell({ joined, left }: RollChange): Promise<void> {
    // Those who begin to watch meanwhile get the whole list, which has this change.
    const watchers = [...this.watchers];
    if (watchers.length === 0) return;
    for (let at = 0; at < Math.max(joined.length, left.length); at += MAX_LISTED) {
      const frame = bytesOf({
        type: 'presence_diff',
        channel: channelOf(this.topic),
        joined: joined.slice(at, at + MAX_LISTED),
        left: left.slice(at, at + MAX_LISTED),
      });
      await inTurns(watchers, (watcher) => {
        if (this.watchers.has(watcher) && !watcher.isPaused) watcher.connection.sendBuffer.send(frame);
      });
    }
  }
}

function spacingAfter(tookMs: number): number {
  return Math.min(MAX_SPACING_MS, Math.max(MIN_SPACING_MS, SPACING_PER_READ * tookMs));
}

/** The same bytes for all, made once. */
function bytesOf(frame: Unstamped<Extract<ServerFrame, { type: 'presence' | 'presence_diff' }>>): Buffer {
  return Buffer.from(JSON.stringify({ ...frame, timestamp: new Date().toISOString() }));
}
