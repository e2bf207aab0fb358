import { parsePosition, ProtocolError, type Position, type RecoveryReason } from '../../protocol/index.js';
import type { EventFrame } from '../connections/event-frame.js';
import type { Payer, RequestBudget } from '../timing/request-budget.js';
import { sleep } from '../timing/retry.js';
import type { ChannelStream } from './channel-stream.js';

/** Cost of opening a channel without subscribers on this instance, in bytes. */
const NEW_CHANNEL_COST = 4_096;

/** Base cost of a read of the history, in bytes, in addition to the size of the replay. */
const READ_COST = 1_024;

/** The decision about a resume. */
export interface ReplayGrant {
  /** The position to replay from; `null` if nothing is replayed. */
  readonly after: Position | null;
  /** Reason why nothing is replayed. */
  readonly refusal?: RecoveryReason;
  /** Corrects the charge to the actual size. */
  settle(frames: readonly EventFrame[]): void;
}

const NO_REPLAY = { after: null, settle: () => undefined } as const;

/** Charges clients for channels that they open and for replays, before the work is done. */
export class ReplayAdmission {
  constructor(private readonly budget: RequestBudget) {}

  /**
   * Resolves if the client can open another channel.
   * @throws ProtocolError `rate_limited`
   */
  async newChannel(payer: Payer, channel: string): Promise<void> {
    if (await this.isWithinBudget(payer, NEW_CHANNEL_COST)) return;
    const message = 'This client subscribes to too many new channels: try again later';
    throw new ProtocolError('rate_limited', { channel, message });
  }

  /** Charges a replay by its estimated size. Waits if the budget of the client requires it. */
  async replay(payer: Payer, stream: ChannelStream, lastEventId: string): Promise<ReplayGrant> {
    if (stream.position === null) return { ...NO_REPLAY, refusal: 'no_history' };
    const after = parsePosition(lastEventId);
    // No server issued this id, so it is treated like an id of an unknown epoch.
    if (after === null) return { ...NO_REPLAY, refusal: 'unknown_epoch' };
    const settle = await this.reading(payer, stream, after);
    return settle === null ? { ...NO_REPLAY, refusal: 'replay_limit' } : { after, settle };
  }

  /** Charges the last events of a channel by their estimated size. @returns `null` if they are not sent */
  async rewind(
    payer: Payer,
    stream: ChannelStream,
    top: Position,
    last: number,
  ): Promise<Pick<ReplayGrant, 'settle'> | null> {
    const settle = await this.reading(payer, stream, { ...top, offset: Math.max(0, top.offset - last) });
    return settle === null ? null : { settle };
  }

  /** @returns a function that corrects the charge; `null` if the client must not read now */
  private async reading(payer: Payer, stream: ChannelStream, after: Position): Promise<ReplayGrant['settle'] | null> {
    const estimate = READ_COST + stream.bytesAfter(after);
    if (!(await this.isWithinBudget(payer, estimate))) return null;
    return (frames) => {
      const bytes = frames.reduce((sum, { wire }) => sum + wire.length, READ_COST);
      this.budget.chargeUnconditionally(payer, bytes - estimate);
    };
  }

  private async isWithinBudget(payer: Payer, cost: number): Promise<boolean> {
    const waitMs = this.budget.charge(payer, cost);
    if (waitMs === null) return false;
    if (waitMs > 0) await sleep(waitMs);
    return true;
  }
}
