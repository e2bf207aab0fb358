import { parsePosition, type Position } from '../../../src/protocol/position.js';
import type { RunLog } from '../log.js';

/** What the log shows of one epoch of a channel. */
interface Epoch {
  /** Epochs of a channel count from 0 in the order in which they were first seen. */
  readonly order: number;
  /** offset → key of the first event that was seen there */
  readonly keys: Map<number, string>;
  highest: number;
}

/**
 * What stood where, in every channel, as far as the log shows it. A new epoch takes over a prefix of the log: an event of
 * an earlier epoch may be seen again at its offset under a later epoch, and one that is seen there no more is gone.
 */
export class Ledger {
  private readonly channels = new Map<string, Map<string, Epoch>>();

  constructor(log: RunLog) {
    const seen: { at: number; channel: string; id: string; key: string }[] = [];
    for (const { channel, id, key, settledAt } of log.emits) {
      if (id !== undefined) seen.push({ at: settledAt, channel, id, key });
    }
    for (const record of log.seen) if (record.kind === 'event') seen.push(record);
    seen.sort((a, b) => a.at - b.at);
    for (const { channel, id, key } of seen) this.enter(channel, positionOf(id), key);
  }

  /** Epochs of a channel count from 0 in the order in which they were first seen; Infinity for one without events. */
  order(channel: string, epoch: string): number {
    return this.channels.get(channel)?.get(epoch)?.order ?? Infinity;
  }

  /** Whether what stood there is gone: a later epoch has another event at that offset, or has not got so far again. */
  isGone(channel: string, { epoch, offset }: Position): boolean {
    const epochs = this.channels.get(channel);
    const own = epochs?.get(epoch);
    const key = own?.keys.get(offset);
    if (epochs === undefined || own === undefined || key === undefined) return false;
    let top = own;
    for (const other of epochs.values()) {
      if (other.order <= own.order) continue;
      const there = other.keys.get(offset);
      if (there !== undefined && there !== key) return true;
      if (other.order > top.order) top = other;
    }
    return top.highest < offset;
  }

  /** The highest position of the last epoch; `null` where no event was seen. */
  top(channel: string): Position | null {
    let top: Position | null = null;
    let order = -1;
    for (const [epoch, known] of this.channels.get(channel) ?? []) {
      if (known.order > order) {
        order = known.order;
        top = { epoch, offset: known.highest };
      }
    }
    return top;
  }

  private enter(channel: string, { epoch, offset }: Position, key: string): void {
    let epochs = this.channels.get(channel);
    if (epochs === undefined) this.channels.set(channel, (epochs = new Map<string, Epoch>()));
    let known = epochs.get(epoch);
    if (known === undefined) {
      known = { order: epochs.size, keys: new Map<number, string>(), highest: offset };
      epochs.set(epoch, known);
    }
    known.highest = Math.max(known.highest, offset);
    if (!known.keys.has(offset)) known.keys.set(offset, key);
  }
}

/** Ids in a log were given out by a server, or are entered as a breach before they get here. */
export function positionOf(id: string): Position {
  const position = parsePosition(id);
  if (position === null) throw new Error(`The log holds an id that is none: ${id}`);
  return position;
}
