import type { LiveRecord, PartRecord, WrittenRecord } from '../live/live-log.js';
import type { HealthyTime } from './healthy-time.js';
import { endOf, intervalsOf } from './live-intervals.js';
import type { StarvationLimits } from './starvation.js';
import { StreamReference, textProblem } from './stream-reference.js';
import type { Violation, ViolationClass } from './violations.js';

export interface StreamLimits extends StarvationLimits {
  /** Redis can lose acknowledged text. */
  readonly redisMayLose: boolean;
}

/** Maximum size of a part, in bytes. */
const PART_BYTES = 65_536;
/** Channels whose streams drop their beginning. */
const BOUNDED = 'tails:';

/** Checks what readers received of streams. */
export function streamViolations(log: readonly LiveRecord[], healthy: HealthyTime, limits: StreamLimits): Violation[] {
  const parts = log.filter((record): record is PartRecord => record.kind === 'part');
  const written = log.filter(
    (record): record is WrittenRecord =>
      record.kind === 'opened' || record.kind === 'stored' || record.kind === 'ended',
  );
  return [
    ...parts.flatMap(wrongPlace),
    ...wrongTexts(log, parts),
    ...lostEnds(parts, written, limits),
    ...behind(log, written, healthy, limits),
    ...differentEnds(log, written),
  ];
}

/** A part follows what the client has. Only a bounded stream can drop its beginning. */
function wrongPlace(part: PartRecord): Violation[] {
  const { channel, had, from, to, text, id } = part;
  const length = Buffer.byteLength(text);
  const problems: string[] = [];
  if (from < had) problems.push(`repeats ${had - from} bytes`);
  if (from > had && !channel.startsWith(BOUNDED)) problems.push(`skips ${from - had} bytes`);
  if (to - from !== length) problems.push(`has ${length} bytes`);
  if (length > PART_BYTES) problems.push('is too large');
  return problems.map((problem) => violation('streamOrder', part, `${id}, ${from} to ${to}: it ${problem}`));
}

function wrongTexts(log: readonly LiveRecord[], parts: readonly PartRecord[]): Violation[] {
  const texts = new Map<string, Map<number, Buffer>>();
  for (const record of log) {
    if (record.kind !== 'writes') continue;
    const ofChannel = texts.get(record.channel) ?? new Map<number, Buffer>();
    texts.set(record.channel, ofChannel.set(record.writer, Buffer.from(record.text)));
  }
  const violations: Violation[] = [];
  const references = new Map<string, { readonly last: PartRecord; readonly reference: StreamReference }>();
  for (const part of parts) {
    const name = `${part.channel} ${part.id}`;
    const reference = references.get(name)?.reference ?? new StreamReference();
    references.set(name, { last: part, reference });
    const at = reference.add(part.from, Buffer.from(part.text));
    if (at !== null) violations.push(violation('streamText', part, `${part.id}: two readers have other text at ${at}`));
  }
  for (const { last, reference } of references.values()) {
    for (const { from, bytes } of reference.ranges()) {
      const problem = textProblem(from, bytes, texts.get(last.channel) ?? new Map());
      if (problem !== null) violations.push(violation('streamText', last, `${last.id}: ${problem}`));
    }
  }
  return violations;
}

/** A reader that receives the end has all text that was acknowledged before. */
function lostEnds(
  parts: readonly PartRecord[],
  written: readonly WrittenRecord[],
  { redisMayLose }: StreamLimits,
): Violation[] {
  const violations: Violation[] = [];
  for (const part of parts) {
    const { channel, id, to, state, at } = part;
    if (state === 'open' || (state !== 'done' && redisMayLose)) continue;
    const ofStream = written.filter((record) => record.channel === channel && record.id === id);
    const before = ofStream.filter((record) => record.at <= at);
    const least = before.reduce((most, { length }) => Math.max(most, length), 0);
    const done = ofStream.find((record) => record.kind === 'ended' && record.state === 'done');
    if (to < least) violations.push(violation('streamLost', part, `${id} is ${state} at ${to}, written were ${least}`));
    else if (state === 'done' && done !== undefined && done.length !== to) {
      violations.push(violation('streamLost', part, `${id} is done at ${to}, written were ${done.length}`));
    }
  }
  return violations;
}

/** A connected reader has acknowledged text in time, or the end of the stream, or the next stream. */
function behind(
  log: readonly LiveRecord[],
  written: readonly WrittenRecord[],
  healthy: HealthyTime,
  { starvedAfterMs = 10_000 }: StarvationLimits,
): Violation[] {
  const end = endOf(log);
  const violations: Violation[] = [];
  for (const { client, channel, from: joinedAt, to: leftAt, records } of intervalsOf(log, 'reading')) {
    const signs = records.map((record) => placeOf(record));
    for (const { channel: changed, id, length, at, kind } of written) {
      if (changed !== channel || at >= leftAt) continue;
      const from = Math.max(at, joinedAt);
      const has = signs.find((sign) => {
        if (sign === null) return false;
        if (sign.id !== id) return sign.at > from;
        return (sign.next >= length && (kind !== 'ended' || sign.state !== 'open')) || sign.state === 'failed';
      });
      const to = Math.min(has?.at ?? end, leftAt);
      const healthyMs = healthy.between(from, to);
      if (healthyMs <= starvedAfterMs) continue;
      const detail = `${id} up to ${length} (${kind}) did not arrive for ${Math.round(healthyMs)} ms without a fault`;
      violations.push({ class: 'streamBehind', channel, client, at: to, detail });
      break;
    }
  }
  return violations;
}

function placeOf(record: LiveRecord): { at: number; id: string | null; next: number; state: string } | null {
  const { at, kind } = record;
  if (kind === 'part') return { at, id: record.id, next: record.to, state: record.state };
  return kind === 'reading' ? { at, id: record.id, next: 0, state: record.state } : null;
}

/** At the end every reader has the same stream, whole. */
function differentEnds(log: readonly LiveRecord[], written: readonly WrittenRecord[]): Violation[] {
  const violations: Violation[] = [];
  const first = new Map<string, string>();
  for (const record of log) {
    if (record.kind !== 'has') continue;
    const { channel, client, id, next, state } = record;
    const place = `${id} up to ${next}, ${state}`;
    const expected = first.get(channel) ?? place;
    first.set(channel, expected);
    const known = written.find((one) => one.kind === 'ended' && one.channel === channel && one.id === id);
    if (place === expected && state === 'done' && (known === undefined || known.length === next)) continue;
    const detail = `it has ${place}; another reader has ${expected}; written were ${known?.length}, ${known?.state}`;
    violations.push({ class: 'streamEnd', channel, client, at: Infinity, detail });
  }
  return violations;
}

function violation(kind: ViolationClass, { channel, client, at }: PartRecord, detail: string): Violation {
  return { class: kind, channel, client, at, detail };
}
