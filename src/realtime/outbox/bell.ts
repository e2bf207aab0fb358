import { EventEmitter } from 'node:events';
import { safely } from '../observability/run-safely.js';

/** Wakes one sleeper: a ring that comes while it is busy is not missed. */
export class Bell {
  /** How often it was rung. */
  count = 0;
  private readonly rings = new EventEmitter();
  private resting = false;

  ring(): void {
    this.count += 1;
    this.rings.emit('ring');
  }

  /** Resolves when it was rung since it stood at `seen`, or after so many milliseconds. */
  async next(seen: number, withinMs: number): Promise<void> {
    if (this.count !== seen) return;
    this.rings.emit('asleep');
    await this.wait('ring', withinMs);
  }

  /** The sleeper sleeps for good. */
  rest(): void {
    this.resting = true;
    this.rings.emit('asleep');
  }

  /** Rings, and resolves when the sleeper sleeps again, or after so many milliseconds. */
  async quiet(withinMs: number): Promise<void> {
    this.ring();
    if (!this.resting) await this.wait('asleep', withinMs);
  }

  private wait(event: 'ring' | 'asleep', withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = safely('A wait of the outbox', () => {
        clearTimeout(timer);
        this.rings.off(event, done);
        resolve();
      });
      const timer = setTimeout(done, withinMs).unref();
      this.rings.once(event, done);
    });
  }
}
