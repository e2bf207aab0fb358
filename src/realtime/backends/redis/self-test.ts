import { runSafely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { needsReconnect, hasMovedSlot } from './script-replies.js';
import { refreshSlots, runScript, type Client } from './client.js';
import { describeError } from './connection-error.js';
import type { Keys } from './keys.js';
import { PUBLISH, READ } from './scripts.js';
import { freshEpoch } from './message-format.js';

/** A channel that no client can name. One empty event of it is kept, for a minute. */
const TOPIC = '$self-test';
const HISTORY_MS = 60_000;
const MAX_BYTES = 1_024;

/**
 * Publishes and reads a test event with the same scripts as real events. A reply to PING proves neither the permissions of the
 * user nor free memory.
 */
export class SelfTest {
  /** Reason why Redis accepts no events, as a sentence; `null` while it accepts them. */
  refusal: string | null = null;
  private readonly logger = new SafeLogger('Realtime');
  private running: Promise<void> | null = null;

  /** @param selfPing pub/sub channel on which the instance receives its own pings */
  constructor(
    private readonly keys: Keys,
    private readonly selfPing: string,
  ) {}

  /**
   * Runs the self-test. Concurrent calls share one run. Never rejects: the owner of the connection handles connection errors.
   * @param notAfter deadline by Redis's clock, in milliseconds
   * @param reset called if only a new connection can help
   */
  run(client: Client, notAfter: number, reset: (reason: string) => void = () => undefined): Promise<void> {
    this.running ??= this.runOnce(client, notAfter, reset).finally(() => (this.running = null));
    return this.running;
  }

  private async runOnce(client: Client, notAfter: number, reset: (reason: string) => void): Promise<void> {
    const keys = this.keys.log(TOPIC);
    try {
      const event = [this.selfPing, 1, HISTORY_MS, freshEpoch(), '-', 0, '', '-', notAfter, 0, 0];
      const [epoch, offset] = (await runScript(client, PUBLISH, keys, event)) as string[];
      if (offset !== undefined) {
        await runScript(client, READ, keys, [freshEpoch(), epoch!, Number(offset) - 1, 1, MAX_BYTES]);
      }
      this.report(null);
    } catch (caught) {
      const error = caught as Error;
      if (hasMovedSlot(error)) runSafely('Refreshing the slots', () => refreshSlots(client));
      if (error.name !== 'ReplyError') return;
      this.report(describeError(error, false));
      if (needsReconnect(error) || error.message.includes('NOSCRIPT')) reset(error.message);
    }
  }

  /** Logs one line per change, not one per test. */
  private report(refusal: string | null): void {
    if (refusal !== null && this.refusal === null) this.logger.warn(`Redis accepts no events: ${refusal}`);
    if (refusal === null && this.refusal !== null) this.logger.log('Redis accepts events again');
    this.refusal = refusal;
  }
}
