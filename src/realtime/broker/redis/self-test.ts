import { runSafely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { hasMovedAway, hasMovedSlot } from './answers.js';
import { refreshSlots, runScript, type Client } from './client.js';
import { sentenceOf } from './connection-error.js';
import type { Keys } from './keys.js';
import { PUBLISH, READ } from './scripts.js';
import { freshEpoch } from './wire.js';

/** A channel that no client can name; of what was published on it one empty event is kept, for a minute. */
const CHANNEL = '$self-test';
const KEPT_MS = 60_000;
const MAX_BYTES = 1_024;

/**
 * Publishes and reads as every event is published and read, by the same scripts: that Redis answers PING says nothing of
 * what its user may do, and whether it has memory left.
 */
export class SelfTest {
  /** Why Redis takes no events, as a sentence; `null` while it takes them. */
  refusal: string | null = null;
  private readonly logger = new SafeLogger('Realtime');
  private running: Promise<void> | null = null;

  /** @param beat the pub/sub channel on which the instance hears itself */
  constructor(
    private readonly keys: Keys,
    private readonly beat: string,
  ) {}

  /**
   * One at a time: whoever asks while one is under way waits for that. It never rejects: what is wrong with the connection
   * itself, its owner hears of.
   * @param notAfter by Redis's clock, in milliseconds
   * @param reset called where only a fresh connection can help
   */
  run(client: Client, notAfter: number, reset: (why: string) => void = () => undefined): Promise<void> {
    this.running ??= this.once(client, notAfter, reset).finally(() => (this.running = null));
    return this.running;
  }

  private async once(client: Client, notAfter: number, reset: (why: string) => void): Promise<void> {
    const keys = this.keys.log(CHANNEL);
    try {
      const event = [this.beat, 1, KEPT_MS, freshEpoch(), '-', 0, '', '-', notAfter, 0, 0];
      const [epoch, offset] = (await runScript(client, PUBLISH, keys, event)) as string[];
      if (offset !== undefined) {
        await runScript(client, READ, keys, [freshEpoch(), epoch!, Number(offset) - 1, 1, MAX_BYTES]);
      }
      this.found(null);
    } catch (caught) {
      const error = caught as Error;
      if (hasMovedSlot(error)) runSafely('Refreshing the slots', () => refreshSlots(client));
      if (error.name !== 'ReplyError') return;
      this.found(sentenceOf(error, false));
      if (hasMovedAway(error) || error.message.includes('NOSCRIPT')) reset(error.message);
    }
  }

  /** One line for each change, not one for each test. */
  private found(refusal: string | null): void {
    if (refusal !== null && this.refusal === null) this.logger.warn(`Redis takes no events: ${refusal}`);
    if (refusal === null && this.refusal !== null) this.logger.log('Redis takes events again');
    this.refusal = refusal;
  }
}
