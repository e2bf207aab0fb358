import { EventEmitter } from 'node:events';
import { safely } from '../observability/run-safely.js';

/** Wakes one sleeper: a ring that comes while it is busy is not missed. */
export class WakeSignal {
  /** How often it was rung. */
  count = 0;
  private readonly emitter = new EventEmitter();
  private stopped = false;

  notify(): void {
    this.count += 1;
    this.emitter.emit('ring');
  }

  /** Resolves when the signal was sent after `seen`, or after `withinMs`. */
  async next(seen: number, withinMs: number): Promise<void> {
    if (this.count !== seen) return;
    this.emitter.emit('asleep');
    await this.wait('ring', withinMs);
  }

  /** The sleeper sleeps for good. */
  stop(): void {
    this.stopped = true;
    this.emitter.emit('asleep');
  }

  /** Sends the signal, and resolves when the relay is idle again, or after `withinMs`. */
  async drain(withinMs: number): Promise<void> {
    this.notify();
    if (!this.stopped) await this.wait('asleep', withinMs);
  }

  private wait(event: 'ring' | 'asleep', withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = safely('A wait of the outbox', () => {
        clearTimeout(timer);
        this.emitter.off(event, done);
        resolve();
      });
      const timer = setTimeout(done, withinMs).unref();
      this.emitter.once(event, done);
    });
  }
}
