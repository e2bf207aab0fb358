import type { Subscription } from '../connections/subscription.js';
import { inTurns } from '../timing/in-turns.js';
import { diffFrames, presenceFrame, type MemberChanges } from './presence-frames.js';
import type { Roster } from './roster.js';

/** Subscriptions that receive the members of one channel, and their changes. */
export class PresenceWatchers {
  /** Subscriptions that receive changes. */
  private readonly current = new Set<Subscription>();
  /** Subscriptions that wait for the list of members; true if they asked for it, so that it is charged to them. */
  private readonly pending = new Map<Subscription, boolean>();
  /**
   * Watchers that read too slowly for the changes. They receive the whole list once their send buffer has room, so that
   * members who move cursors do not end the connections of slow readers.
   */
  private readonly behind = new Set<Subscription>();

  constructor(
    private readonly channel: string,
    private readonly roster: Roster,
  ) {}

  /** Number of subscriptions that receive changes, or will. */
  get size(): number {
    return this.current.size + this.behind.size;
  }

  get hasPending(): boolean {
    return this.pending.size > 0;
  }

  get hasBehind(): boolean {
    return this.behind.size > 0;
  }

  get isEmpty(): boolean {
    return this.size === 0 && !this.hasPending;
  }

  add(subscription: Subscription): void {
    this.pending.set(subscription, true);
  }

  remove(subscription: Subscription): boolean {
    const wasWatching = this.current.delete(subscription) || this.behind.delete(subscription);
    return this.pending.delete(subscription) || wasWatching;
  }

  /** Returns the subscriptions that wait for the list now. */
  waiting(): ReadonlySet<Subscription> {
    for (const watcher of this.behind) {
      if (!watcher.connection.sendBuffer.isBelowReplayLimit) continue;
      this.behind.delete(watcher);
      this.pending.set(watcher, false);
    }
    return new Set(this.pending.keys());
  }

  /** Sends the list of members to one subscription. */
  greet(subscription: Subscription): void {
    this.greetWith(subscription, this.list());
  }

  /** Sends the list of members to these subscriptions. */
  async sendList(to: ReadonlySet<Subscription>): Promise<void> {
    if (to.size === 0) return;
    const frame = this.list();
    await inTurns(to, (watcher) => this.greetWith(watcher, frame));
  }

  /** Sends changes. Watchers that start meanwhile receive the whole list, which includes them. */
  async notify(changes: MemberChanges): Promise<void> {
    const watchers = [...this.current];
    if (watchers.length === 0) return;
    for (const frame of diffFrames(this.channel, changes)) {
      await inTurns(watchers, (watcher) => this.notifyOne(watcher, frame));
    }
  }

  private notifyOne(watcher: Subscription, frame: Buffer): void {
    if (!this.current.has(watcher) || watcher.isPaused) return;
    const { sendBuffer } = watcher.connection;
    if (sendBuffer.isBelowReplayLimit) sendBuffer.send(frame);
    else if (this.current.delete(watcher)) this.behind.add(watcher);
  }

  private greetWith(watcher: Subscription, frame: Buffer): void {
    const asked = this.pending.get(watcher);
    if (asked === undefined) return; // the watcher left in the meantime
    this.pending.delete(watcher);
    this.current.add(watcher);
    if (watcher.isPaused) return;
    if (asked) watcher.connection.answer(frame);
    else watcher.connection.sendBuffer.send(frame);
  }

  private list(): Buffer {
    return presenceFrame(this.channel, this.roster.texts(), this.roster.count);
  }
}
