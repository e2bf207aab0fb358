import { changeOf } from './board-model.js';
import type { Instance } from './instance.js';
import type { SharedLog } from './shared-log.js';
import type { Numbers, Truth } from './truth.js';

/** A commit whose event is not published yet. */
interface Writing {
  readonly by: Instance;
  readonly parts: readonly string[];
}

/**
 * Changes of the database, with and without an event. Several commits wait for their events at once, if they change different parts:
 * the events of one part have the order of its commits.
 */
export class Changes {
  private readonly writing = new Set<Writing>();
  /** Number of changes, and the number of the last one without an event: it is silent, refused, or lost with an instance. */
  private made = 0;
  private lastSilent = 0;
  /** Number of the last change that was certainly announced by an invalidation. */
  private known = 0;

  constructor(
    private readonly truth: Truth,
    private readonly log: SharedLog,
  ) {}

  /** True if clients may not know of a change. */
  get areUnknown(): boolean {
    return this.lastSilent > this.known;
  }

  /** Makes a change, and publishes it. */
  announced(instance: Instance, a: number, b: number): void {
    const change = changeOf(b, a, this.made, this.truth.state);
    const isWhole = b % 11 === 0;
    if (!this.isFree(change.parts) || (isWhole && this.writing.size > 0)) return;
    this.made += 1;
    const changed = this.truth.commit(change);
    const patch = isWhole ? { set: { '': structuredClone(this.truth.state) } } : change.patch;
    const isReload = b % 13 === 0;
    const numbers: Numbers = isWhole || isReload ? this.truth.numbers : changed;
    const writing = { by: instance, parts: isWhole ? [''] : change.parts };
    this.writing.add(writing);
    void instance
      .publish(isReload ? { reload: true } : patch, (position) => this.truth.announce(position, numbers))
      .catch(() => (this.lastSilent = this.made))
      .finally(() => this.writing.delete(writing));
  }

  /** Makes a change without an event. */
  silent(a: number, b: number): void {
    const change = changeOf(b, a, this.made, this.truth.state);
    if (!this.isFree(change.parts)) return;
    this.made += 1;
    this.truth.commit(change);
    this.lastSilent = this.made;
  }

  invalidate(instance: Instance): void {
    const { made } = this;
    const { numbers } = this.truth;
    const onAnnounced = (): void => {
      this.known = Math.max(this.known, made);
      this.truth.announce(this.log.top, numbers);
    };
    void instance.invalidate().then(onAnnounced, () => undefined);
  }

  /** The events of an instance that was killed are perhaps not published. */
  abandon(killed: Instance): void {
    for (const writing of this.writing) {
      if (writing.by !== killed) continue;
      this.writing.delete(writing);
      this.lastSilent = this.made;
    }
  }

  /** Returns true if no event of these parts is about to be published. */
  private isFree(parts: readonly string[]): boolean {
    return [...this.writing].every(
      ({ parts: others }) => others[0] !== '' && !others.some((one) => parts.includes(one)),
    );
  }
}
