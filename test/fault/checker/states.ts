import { parsePosition } from '../../../src/protocol/position.js';
import type { AnnouncedRecord, HeldRecord, LiveRecord } from '../live/live-log.js';
import type { HealthyTime } from './healthy-time.js';
import { endOf, intervalsOf, type Interval } from './live-intervals.js';
import type { StarvationLimits } from './starvation.js';
import type { Violation } from './violations.js';

/** Checks what clients hold of live resources. */
export function stateViolations(
  log: readonly LiveRecord[],
  healthy: HealthyTime,
  limits: StarvationLimits = {},
): Violation[] {
  const held = log.filter((record): record is HeldRecord => record.kind === 'state' || record.kind === 'patch');
  return [...mismatches(held), ...lostPatches(held), ...behind(log, healthy, limits), ...wrongEnds(log)];
}

/** At a position all clients hold the same state. */
function mismatches(held: readonly HeldRecord[]): Violation[] {
  const violations: Violation[] = [];
  const known = new Map<string, HeldRecord>();
  for (const record of held) {
    const { channel, id, client, at, digest } = record;
    const first = known.get(`${channel} ${id}`);
    if (first === undefined) known.set(`${channel} ${id}`, record);
    else if (first.digest !== digest) {
      const numbers = [first, record].map((one) => `${one.client} ${one.kind} ${JSON.stringify(one.numbers)}`);
      violations.push({ class: 'stateMismatch', channel, client, at, detail: `${id}: ${numbers.join(', ')}` });
    }
  }
  return violations;
}

/** A state at a position contains the patches up to this position. */
function lostPatches(held: readonly HeldRecord[]): Violation[] {
  const violations: Violation[] = [];
  // channel, epoch and setter → number by offset
  const patches = new Map<string, Map<number, number>>();
  const place = ({ id, channel }: HeldRecord) => {
    const { epoch, offset } = parsePosition(id)!;
    return { offset, nameOf: (setter: string) => `${channel} ${epoch} ${setter}` };
  };
  for (const record of held) {
    const { offset, nameOf } = place(record);
    for (const [setter, number] of Object.entries(record.patched ?? {})) {
      const list = patches.get(nameOf(setter)) ?? new Map<number, number>();
      patches.set(nameOf(setter), list.set(offset, number));
    }
  }
  for (const record of held) {
    const { offset, nameOf } = place(record);
    for (const [setter, number] of Object.entries(record.numbers)) {
      for (const [at, patched] of patches.get(nameOf(setter)) ?? []) {
        if (at > offset || patched <= number) continue;
        const detail = `${record.kind} ${record.id} has the change ${number} of ${setter}, without the patch ${patched} at ${at}`;
        violations.push({ class: 'stateLost', channel: record.channel, client: record.client, at: record.at, detail });
        break;
      }
    }
  }
  return violations;
}

/** A connected client has an acknowledged change in time, or is notified that its state is stale. */
function behind(
  log: readonly LiveRecord[],
  healthy: HealthyTime,
  { starvedAfterMs = 10_000 }: StarvationLimits,
): Violation[] {
  const announced = log.filter((record): record is AnnouncedRecord => record.kind === 'announced');
  const acknowledged = announced.filter(({ isAcknowledged }) => isAcknowledged);
  const end = endOf(log);
  const violations: Violation[] = [];
  for (const interval of intervalsOf(log, 'joined')) {
    const { channel, client } = interval;
    const signs = signsOf(interval);
    for (const { channel: changed, setter, number, at } of acknowledged) {
      if (changed !== channel || at >= interval.to) continue;
      const from = Math.max(at, interval.from);
      const sign = signs.find((one) => (one.numbers?.[setter] ?? -1) >= number);
      const to = Math.min(sign?.at ?? end, interval.to);
      const healthyMs = healthy.between(from, to);
      if (healthyMs <= starvedAfterMs || isNotified(signs, from, to)) continue;
      const detail = `the change ${number} of ${setter} did not arrive for ${Math.round(healthyMs)} ms without a fault`;
      violations.push({ class: 'stateBehind', channel, client, at: to, detail });
      break;
    }
  }
  return violations;
}

/** Returns true if a client knew that its state is stale, or was notified. */
function isNotified(signs: readonly Sign[], from: number, to: number): boolean {
  const last = signs.findLast(({ numbers, at }) => numbers !== null && at <= from)?.at ?? 0;
  return signs.some(({ numbers, at }) => numbers === null && at >= last && at <= to);
}

interface Sign {
  readonly at: number;
  /** `null` for a notice that the state cannot be loaded. */
  readonly numbers: HeldRecord['numbers'] | null;
}

function signsOf({ records, before }: Interval): Sign[] {
  const signs: Sign[] = [];
  for (const record of records) {
    const { at } = record;
    if (record.kind === 'state' || record.kind === 'patch') signs.push({ at, numbers: record.numbers });
    else if (record.kind === 'stateError') signs.push({ at, numbers: null });
    // A client that resumes holds what it held before.
    else if (record.kind === 'joined' && !record.isWhole) signs.push({ at, numbers: lastNumbers(before) });
  }
  return signs;
}

function lastNumbers(interval: Interval | null): HeldRecord['numbers'] {
  for (let one = interval; one !== null; one = one.before) {
    const last = one.records.findLast(({ kind }) => kind === 'state' || kind === 'patch');
    if (last !== undefined) return (last as HeldRecord).numbers;
  }
  return {};
}

function wrongEnds(log: readonly LiveRecord[]): Violation[] {
  const truth = new Map(log.flatMap((record) => (record.kind === 'truth' ? [[record.channel, record.digest]] : [])));
  const violations: Violation[] = [];
  for (const record of log) {
    if (record.kind !== 'holds' || record.digest === truth.get(record.channel)) continue;
    const { channel, client, id } = record;
    violations.push({ class: 'stateEnd', channel, client, at: Infinity, detail: `it holds another state, at ${id}` });
  }
  return violations;
}
