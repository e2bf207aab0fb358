import { safely } from '../observability/run-safely.js';

/**
 * Limits the number of concurrent calls: in total, and for each key (a user). Waiting keys are served in turn, so that a key with
 * many calls delays only itself.
 */
export class FairSlots {
  private used = 0;
  private readonly usedBy = new Map<string, number>();
  /** Waiting calls by key. */
  private readonly queues = new Map<string, Set<() => void>>();

  constructor(
    private readonly total: number,
    private readonly perKey: number,
  ) {}

  /**
   * Takes a slot. Return it with {@link release}.
   * @returns false if no slot was free within this time
   */
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

  /** Returns a slot, and starts the next waiting call. */
  release(key: string): void {
    this.used -= 1;
    const others = this.usedBy.get(key)! - 1;
    if (others > 0) this.usedBy.set(key, others);
    else this.usedBy.delete(key);
    // At most total / perKey keys are skipped, because each of them uses its full share.
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
