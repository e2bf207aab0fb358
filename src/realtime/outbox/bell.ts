import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

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

  private async wait(event: 'ring' | 'asleep', withinMs: number): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    await Promise.race([once(this.rings, event, { signal }), delay(withinMs, undefined, { signal, ref: false })]).catch(
      () => undefined,
    );
    over.abort();
  }
}
