import { EventEmitter } from 'node:events';
import { safely } from '../../observability/run-safely.js';

/** Wakes the relay. A notification that arrives while the relay is busy is not missed. */
export class WakeSignal {
  /** Number of notifications. */
  count = 0;
  private readonly emitter = new EventEmitter();
  private stopped = false;

  notify(): void {
    this.count += 1;
    this.emitter.emit('notified');
  }

  /** Resolves after a notification later than number `seen`, or after `withinMs`. */
  async next(seen: number, withinMs: number): Promise<void> {
    if (this.count !== seen) return;
    this.emitter.emit('idle');
    await this.wait('notified', withinMs);
  }

  /** The relay stops and never waits again. */
  stop(): void {
    this.stopped = true;
    this.emitter.emit('idle');
  }

  /** Notifies the relay, and resolves when it is idle again, or after `withinMs`. */
  async drain(withinMs: number): Promise<void> {
    this.notify();
    if (!this.stopped) await this.wait('idle', withinMs);
  }

  private wait(event: 'notified' | 'idle', withinMs: number): Promise<void> {
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
