import { runSafely } from '../../observability/run-safely.js';
import type { Outcome, QueuedEvent } from './publish-queue.js';

/** What one script may take: Redis serves nobody else meanwhile. */
export const MAX_BATCH_EVENTS = 64;
export const MAX_BATCH_BYTES = 262_144;

/** An event of a batch, and who waits to hear of it. */
interface Member<E> {
  readonly entry: QueuedEvent<E>;
  readonly settle: (outcome: Outcome) => void;
}

interface Batch<E> {
  readonly members: Member<E>[];
  bytes: number;
}

/**
 * Puts together what one turn of the loop publishes to one channel, in order: a script for many events costs Redis and this
 * process a fraction of a script for each.
 */
export class PublishBatches<E> {
  private readonly open = new Map<string, Batch<E>>();

  /** @param send writes one batch before it returns; an outcome for each event, in order; never throws */
  constructor(private readonly send: (entries: readonly QueuedEvent<E>[]) => Promise<readonly Outcome[]>) {}

  /** Joins what is open for the channel; it goes out with {@link close}, or when the batch is full. */
  add(entry: QueuedEvent<E>): Promise<Outcome> {
    const { channel, bytes } = entry;
    const known = this.open.get(channel);
    if (known !== undefined && known.bytes + bytes > MAX_BATCH_BYTES) this.close(channel);
    return new Promise((settle) => {
      const batch = this.open.get(channel) ?? { members: [], bytes: 0 };
      this.open.set(channel, batch);
      batch.members.push({ entry, settle });
      batch.bytes += bytes;
      if (batch.members.length === MAX_BATCH_EVENTS) this.close(channel);
    });
  }

  /** Sends what is open for one channel: whatever is written to the channel after this comes behind it. */
  close(channel: string): void {
    const batch = this.open.get(channel);
    if (batch === undefined) return;
    this.open.delete(channel);
    runSafely('Publishing a batch', () => this.sendBatch(batch));
  }

  closeAll(): void {
    for (const channel of this.open.keys()) this.close(channel);
  }

  private async sendBatch({ members }: Batch<E>): Promise<void> {
    const outcomes = await this.send(members.map(({ entry }) => entry));
    for (const [index, { settle }] of members.entries()) settle(outcomes[index]!);
  }
}
