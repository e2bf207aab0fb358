import type { EmitRecord } from '../log.js';
import { positionOf, type Ledger } from './ledger.js';
import type { Segment } from './segments.js';
import type { Violation } from './violations.js';

/** How long the client of an old master can stay without a notice while another master takes events, in milliseconds. */
const NOTICE_WITHIN_MS = 5_000;

/**
 * Decides by content and by real time alone, so that events count which Redis itself lost: an event that was acknowledged before a
 * later event of a segment began must be in that segment. The only ways out are a notice, which ends the segment, and an event
 * that comes before the segment's start.
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

/** The event of the segment that was begun last, and when the client got it. */
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
 * A promoted replica took the event while the old master, which no one had ended yet, took the latest of the segment. No client
 * of the old master can have it; each is notified once its instance reaches the new master.
 */
function isOfSuccessor({ channel, id }: EmitRecord, { epoch }: Latest, ledger: Ledger): boolean {
  return ledger.order(channel, positionOf(id!).epoch) > ledger.order(channel, epoch);
}

function isNotified({ endedAt }: Segment, { settledAt }: EmitRecord): boolean {
  return endedAt !== null && endedAt - settledAt <= NOTICE_WITHIN_MS;
}

/**
 * By its offset in the same epoch, else by time: an event that began after the client had its start comes after it. An
 * event of an epoch that had ended before the segment's start was acknowledged by a server that was no longer the master:
 * docs/redis.md says how to prevent that (`min-replicas-to-write`), and nothing else can.
 */
function comesAfterStart({ channel, id, startedAt }: EmitRecord, segment: Segment, ledger: Ledger): boolean {
  const { epoch, offset } = positionOf(id!);
  const { start } = segment;
  if (epoch === start.epoch) return offset > start.offset;
  return startedAt > segment.startedAt && ledger.order(channel, epoch) >= ledger.order(channel, start.epoch);
}
