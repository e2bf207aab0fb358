import { safely } from '../observability/run-safely.js';

/**
 * Bounds how many calls run at the same time: in all, and for each key (a user). Keys that wait take turns, so that one
 * with many calls delays only itself.
 */
export class FairSlots {
  private used = 0;
  private readonly usedBy = new Map<string, number>();
  /** The calls of each key that wait for a slot. */
  private readonly queues = new Map<string, Set<() => void>>();

  constructor(
    private readonly total: number,
    private readonly perKey: number,
  ) {}

  /** Takes a slot, which {@link release} gives back. @returns false if there was none within this time */
  take(key: string, waitMs: number): Promise<boolean> {
    if (this.hasFreeSlot(key)) {
      this.enter(key);
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const queue = this.queues.get(key) ?? new Set();
      this.queues.set(key, queue);
      const giveUp = safely('Waiting for a slot', () => {
        queue.delete(start);
        if (queue.size === 0 && this.queues.get(key) === queue) this.queues.delete(key);
        resolve(false);
      });
      const timer = setTimeout(giveUp, waitMs);
      const start = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      queue.add(start);
    });
  }

  /** Gives a slot back, to the call that waits for it. */
  release(key: string): void {
    this.used -= 1;
    const others = this.usedBy.get(key)! - 1;
    if (others > 0) this.usedBy.set(key, others);
    else this.usedBy.delete(key);
    // At most total / perKey keys are skipped: each of them fills its share.
    for (const [next, queue] of this.queues) {
      if (!this.hasFreeSlot(next)) continue;
      const [start] = queue;
      queue.delete(start!);
      this.queues.delete(next);
      if (queue.size > 0) this.queues.set(next, queue);
      this.enter(next);
      start!();
      return;
    }
  }

  private hasFreeSlot(key: string): boolean {
    return this.used < this.total && (this.usedBy.get(key) ?? 0) < this.perKey;
  }

  private enter(key: string): void {
    this.used += 1;
    this.usedBy.set(key, (this.usedBy.get(key) ?? 0) + 1);
  }
}
