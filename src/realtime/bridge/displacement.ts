import type { Position, RecoveryReason } from '../../protocol/index.js';
import type { BrokerEvent, ReadResult } from '../broker/broker.js';
import type { DeliveredMarks } from './delivered-marks.js';

/** The state of a stream when it read the log. */
interface DeliveryState {
  /** The read began after this position, or at it. */
  readonly from: Position;
  /** Up to where events were delivered. */
  readonly here: Position;
  /** The event because of which the log was read. */
  readonly cause: BrokerEvent | undefined;
  readonly delivered: DeliveredMarks;
  /** Events that came in before the read were dropped. */
  readonly dropped: boolean;
}

export interface LogComparison {
  /** Why continuity is lost; `null` if what was delivered is what the log has. */
  readonly reason: RecoveryReason | null;
  /** `delivered` if another event than that of the log was, or perhaps was; `ignored` if only the cause was forged. */
  readonly forged: 'delivered' | 'ignored' | null;
}

const DISPLACED: LogComparison = { reason: 'rewound', forged: 'delivered' };

/** Compares what was delivered with what the log has. */
export function compareWithLog(result: ReadResult, reading: DeliveryState): LogComparison {
  const { from, here, cause, delivered, dropped } = reading;
  const { top } = result;
  const arrived = cause?.position?.epoch === here.epoch ? cause.position.offset : null;
  const isSecond = arrived !== null && arrived <= here.offset;
  if (!result.ok) {
    const isBeyondLog = result.reason === 'rewound' && top.epoch === here.epoch;
    return { reason: result.reason, forged: isSecond || isBeyondLog ? 'delivered' : null };
  }
  if (top.epoch !== here.epoch) return { reason: null, forged: null };
  if (top.offset < here.offset) return DISPLACED;
  for (const { position, mark } of [result.at, ...result.events].filter((event) => event !== undefined)) {
    const { offset } = position!;
    if (offset > here.offset) continue;
    if (delivered.compare(offset, mark) === 'other') return DISPLACED;
  }
  if (result.at === undefined && !delivered.isProven(from.offset)) {
    if (isSecond) return { reason: 'unproven', forged: 'delivered' };
    if (dropped) return { reason: 'unproven', forged: null };
  }
  const isForged = arrived !== null && (isSecond || arrived > top.offset);
  return { reason: null, forged: isForged ? 'ignored' : null };
}

/** The offsets of an epoch whose delivered events may differ from the log. */
export interface DisplacedRange {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

/** Both ranges in one; an older epoch is forgotten. */
export function joinRanges(
  known: DisplacedRange | null,
  { epoch, first, last }: DisplacedRange,
): DisplacedRange | null {
  if (first > last) return known;
  if (known?.epoch !== epoch) return { epoch, first, last };
  return { epoch, first: Math.min(first, known.first), last: Math.max(last, known.last) };
}
