import { parsePosition, type Position } from '../../../src/protocol/position.js';
import type { RunLog } from '../log.js';

/** The known events of one epoch of a channel. */
interface Epoch {
  /** Index of the epoch in the order of first sight, from 0. */
  readonly order: number;
  /** offset → key of the first event at this offset */
  readonly keys: Map<number, string>;
  highest: number;
}

/**
 * The contents of every channel's log, as far as the run shows it. A new epoch takes over a prefix of the log: an event
 * of an earlier epoch can reappear at its offset under a later epoch. An event that does not reappear was lost.
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

  /** Returns the index of an epoch in the order of first sight, from 0; Infinity for an epoch without events. */
  order(channel: string, epoch: string): number {
    return this.channels.get(channel)?.get(epoch)?.order ?? Infinity;
  }

  /**
   * Returns true if the event at a position was lost: a later epoch has another event at that offset, or has not
   * reached it again.
   */
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

  /** Returns the highest position of the last epoch; `null` without events. */
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

/** Parses an id. Invalid ids of servers are recorded as breaches, so an invalid one here is a bug. */
export function positionOf(id: string): Position {
  const position = parsePosition(id);
  if (position === null) throw new Error(`The log contains an invalid id: ${id}`);
  return position;
}
