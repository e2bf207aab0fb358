import type { Position } from '../../protocol/index.js';
import type { BrokerEvent, ReadResult } from '../broker/broker.js';

/** Returns true if a channel may begin with this event. A channel without events has an initial position until its first event. */
export function mayBeFirst({ position }: BrokerEvent, here: Position): boolean {
  return here.offset === 0 && position?.offset === 1 && position.epoch !== here.epoch;
}

/**
 * Returns true if a read from the initial position confirms that this is the first event of the log, which does not have it any
 * more: a first burst can be larger than the history.
 */
export function isTrimmedFirst({ position }: BrokerEvent, result: ReadResult): boolean {
  // For a position that is not the start of this log, the reason would be another one.
  const isStart = !result.ok && (result.reason === 'expired' || result.reason === 'too_many');
  return isStart && result.top.epoch === position?.epoch;
}
