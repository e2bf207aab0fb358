import type { EmitRecord } from '../log.js';
import { positionOf, type Ledger } from './ledger.js';
import type { Segment } from './segments.js';
import type { Violation } from './violations.js';

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
      const detail = `${emit.id} ${emit.key} was acknowledged before ${latest.key} began`;
      violations.push({ class: 'silentLoss', channel, client, detail, at: latest.at });
    }
  }
  return violations;
}

/** The event of the segment that was begun last, and when the client got it. */
function latestBegun(
  { events }: Segment,
  byKey: ReadonlyMap<string, EmitRecord>,
): { key: string; startedAt: number; at: number } | null {
  let latest: { key: string; startedAt: number; at: number } | null = null;
  for (const { key, at } of events) {
    const startedAt = byKey.get(key)?.startedAt ?? -Infinity;
    if (startedAt > (latest?.startedAt ?? -Infinity)) latest = { key, startedAt, at };
  }
  return latest;
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
