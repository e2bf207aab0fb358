import type { EmitRecord } from '../log.js';
import { positionOf, type Ledger } from './ledger.js';
import type { Segment } from './segments.js';
import type { Violation } from './violations.js';

/**
 * Time within which a client of an old master must be notified after another master accepted events, in milliseconds.
 */
const NOTICE_WITHIN_MS = 5_000;

/**
 * Checks by content and real time alone, so that events which Redis lost count too: an event that was acknowledged
 * before a later event of a segment started must be in that segment. Exceptions: the segment ended with a notice, or
 * the event precedes the segment's start.
 */
export function silentLosses(emits: readonly EmitRecord[], segments: readonly Segment[], ledger: Ledger): Violation[] {
  const byKey = new Map(emits.map((emit) => [emit.key, emit]));
  const acknowledged = new Map<string, EmitRecord[]>();
  for (const emit of emits) {
    if (emit.id === undefined) continue;
    const list = acknowledged.get(emit.channel);
    if (list === undefined) acknowledged.set(emit.channel, [emit]);
    else list.push(emit);
  }
  const violations: Violation[] = [];
  for (const segment of segments) {
    const { channel, client, events } = segment;
    const keys = new Set(events.map(({ key }) => key));
    const latest = latestBegun(segment, byKey);
    if (latest === null) continue;
    for (const emit of acknowledged.get(channel) ?? []) {
      if (emit.settledAt >= latest.startedAt || keys.has(emit.key)) continue;
      if (!comesAfterStart(emit, segment, ledger)) continue;
      if (isOfSuccessor(emit, latest, ledger) && isNotified(segment, emit)) continue;
      const detail = `${emit.id} ${emit.key} was acknowledged before ${latest.key} began`;
      violations.push({ class: 'silentLoss', channel, client, detail, at: latest.at });
    }
  }
  return violations;
}

/** The event of the segment with the latest start, and the time at which the client received it. */
interface Latest {
  readonly key: string;
  readonly startedAt: number;
  readonly at: number;
  readonly epoch: string;
}

function latestBegun({ events }: Segment, byKey: ReadonlyMap<string, EmitRecord>): Latest | null {
  let latest: Latest | null = null;
  for (const { key, at, position } of events) {
    const startedAt = byKey.get(key)?.startedAt ?? -Infinity;
    if (startedAt > (latest?.startedAt ?? -Infinity)) latest = { key, startedAt, at, epoch: position.epoch };
  }
  return latest;
}

/**
 * True if a promoted replica accepted the event while the old master still accepted the latest one of the segment. No
 * client of the old master can receive it; each is notified once its instance reaches the new master.
 */
function isOfSuccessor({ channel, id }: EmitRecord, { epoch }: Latest, ledger: Ledger): boolean {
  return ledger.order(channel, positionOf(id!).epoch) > ledger.order(channel, epoch);
}

function isNotified({ endedAt }: Segment, { settledAt }: EmitRecord): boolean {
  return endedAt !== null && endedAt - settledAt <= NOTICE_WITHIN_MS;
}

/**
 * Compares offsets in the same epoch, and otherwise times: an event that started after the segment did follows it. An
 * event of an epoch that had ended before was acknowledged by a former master: only `min-replicas-to-write` prevents
 * that (docs/redis.md).
 */
function comesAfterStart({ channel, id, startedAt }: EmitRecord, segment: Segment, ledger: Ledger): boolean {
  const { epoch, offset } = positionOf(id!);
  const { start } = segment;
  if (epoch === start.epoch) return offset > start.offset;
  return startedAt > segment.startedAt && ledger.order(channel, epoch) >= ledger.order(channel, start.epoch);
}
