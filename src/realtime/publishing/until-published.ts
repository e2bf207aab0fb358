import { setTimeout as delay } from 'node:timers/promises';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { RealtimeUnavailableError } from './errors.js';
import { thrownText } from '../observability/thrown-text.js';

/** Limits of waiting events in one process. */
const MAX_WAITING_EVENTS = 20_000;
const MAX_WAITING_BYTES = 33_554_432;
/** Delay before a channel is retried, in milliseconds. */
const PAUSE_MS = 500;

/**
 * Publishes events that must not be lost: in order per channel, retrying until each is acknowledged, while the process
 * lives.
 */
export class UntilPublished {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly ending = new AbortController();
  /** Completion of the last event, by channel. */
  private readonly lanes = new Map<string, Promise<void>>();
  private waiting = 0;
  private bytes = 0;

  /**
   * Adds an event to the queue of its channel.
   * @param send makes one attempt; it can be called many times, and publishes once
   */
  add(channel: string, bytes: number, send: () => Promise<unknown>): void {
    if (this.waiting >= MAX_WAITING_EVENTS || this.bytes + bytes > MAX_WAITING_BYTES) {
      this.log.error(
        'lost: too many',
        `An event to ${channel} is lost: too many events are waiting to be published`,
        undefined,
      );
      return;
    }
    this.waiting += 1;
    this.bytes += bytes;
    const before = this.lanes.get(channel);
    const after = (before === undefined ? this.publish(channel, send) : before.then(() => this.publish(channel, send)))
      // There is no caller that could handle an error here.
      .finally(() => {
        this.waiting -= 1;
        this.bytes -= bytes;
        if (this.lanes.get(channel) === after) this.lanes.delete(channel);
      });
    this.lanes.set(channel, after);
  }

  /** Resolves when no event waits any more. */
  async settled(): Promise<void> {
    while (this.lanes.size > 0) await Promise.all(this.lanes.values());
  }

  /** Gives up all waiting events. */
  close(): void {
    this.ending.abort();
  }

  /** Never rejects. */
  private async publish(channel: string, send: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await send();
        return;
      } catch (error) {
        const message = thrownText(error);
        if (!(error instanceof RealtimeUnavailableError) || this.ending.signal.aborted) {
          this.log.error('lost', `An event to ${channel} is lost: ${message}`, undefined);
          return;
        }
        if (tries === 1) this.log.warn('waits', `An event to ${channel} waits until it can be published: ${message}`);
        await delay(PAUSE_MS, undefined, { signal: this.ending.signal }).catch(() => undefined);
      }
    }
  }
}
