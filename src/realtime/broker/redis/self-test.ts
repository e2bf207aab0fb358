import { runSafely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { needsReconnect, hasMovedSlot } from './script-replies.js';
import { refreshSlots, runScript, type Client } from './client.js';
import { describeError } from './connection-error.js';
import type { Keys } from './keys.js';
import { PUBLISH, READ } from './scripts.js';
import { freshEpoch } from './message-format.js';

/** A channel that no client can name; of what was published on it one empty event is kept, for a minute. */
const TOPIC = '$self-test';
const HISTORY_MS = 60_000;
const MAX_BYTES = 1_024;

/**
 * Publishes and reads a test event with the scripts of real events. A reply to PING proves neither the user's
 * permissions nor free memory.
 */
export class SelfTest {
  /** Why Redis accepts no events, as a sentence; `null` while it takes them. */
  refusal: string | null = null;
  private readonly logger = new SafeLogger('Realtime');
  private running: Promise<void> | null = null;

  /** @param selfPing the pub/sub channel on which the instance hears itself */
  constructor(
    private readonly keys: Keys,
    private readonly selfPing: string,
  ) {}

  /**
   * Runs one test at a time; concurrent calls share it. Never rejects: the owner of the connection handles connection
   * errors.
   * @param notAfter by Redis's clock, in milliseconds
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

  /** One line for each change, not one for each test. */
  private report(refusal: string | null): void {
    if (refusal !== null && this.refusal === null) this.logger.warn(`Redis accepts no events: ${refusal}`);
    if (refusal === null && this.refusal !== null) this.logger.log('Redis accepts events again');
    this.refusal = refusal;
  }
}
