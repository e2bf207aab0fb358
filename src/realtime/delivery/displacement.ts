import type { Position, RecoveryReason } from '../../protocol/index.js';
import type { BrokerEvent, ReadResult } from '../broker/broker.js';
import type { DeliveredMarks } from './delivered-marks.js';

/** State of a stream when the log was read. */
interface DeliveryState {
  /** Position at or after which the read started. */
  readonly from: Position;
  /** Position of the last delivered event. */
  readonly here: Position;
  /** The event that caused the read. */
  readonly cause: BrokerEvent | undefined;
  readonly delivered: DeliveredMarks;
  /** Events that arrived before the read were dropped. */
  readonly dropped: boolean;
}

export interface LogComparison {
  /** Reason for lost continuity; `null` if the delivered events match the log. */
  readonly reason: RecoveryReason | null;
  /** `delivered` if a forged event was delivered, or may have been; `ignored` if only the cause was forged. */
  readonly forged: 'delivered' | 'ignored' | null;
}

const DISPLACED: LogComparison = { reason: 'rewound', forged: 'delivered' };

/** Compares the delivered events with the log. */
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

/** Offsets of an epoch whose delivered events may differ from the log. */
export interface DisplacedRange {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

/** Merges two ranges of the same epoch. A range of an older epoch is dropped. */
export function joinRanges(
  known: DisplacedRange | null,
  { epoch, first, last }: DisplacedRange,
): DisplacedRange | null {
  if (first > last) return known;
  if (known?.epoch !== epoch) return { epoch, first, last };
  return { epoch, first: Math.min(first, known.first), last: Math.max(last, known.last) };
}
