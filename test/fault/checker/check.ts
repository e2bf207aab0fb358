import { formatPosition, type Position } from '../../../src/protocol/position.js';
import type { EmitRecord, RunLog } from '../log.js';
import { Ledger, positionOf } from './ledger.js';
import { figuresOf, type Figures } from './figures.js';
import { pageViolations } from './pages.js';
import { plainViolations, withoutPlain, type PlainLimits } from './plain.js';
import { walkSegments, type Segment, type SegmentWalk } from './segments.js';
import { HealthyTime } from './healthy-time.js';
import { silentLosses } from './silent-loss.js';
import { starved, type StarvationLimits } from './starvation.js';
import { stateViolations } from './states.js';
import { streamViolations } from './stream-texts.js';
import type { Violation } from './violations.js';
import { waitingViolations, type WaitingLimits } from './waiting.js';

export interface CheckOptions extends PlainLimits, WaitingLimits, StarvationLimits {
  /** Redis can lose acknowledged events: a lagging replica is promoted, or its data is lost. */
  readonly redisMayLose: boolean;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly figures: Figures;
}

/** Checks a run from its log alone. */
export function check(whole: RunLog, options: CheckOptions): Verdict {
  const log = withoutPlain(whole);
  const ledger = new Ledger(log);
  const walk = walkSegments(log.seen);
  const emits = new Map(log.emits.map((emit) => [emit.key, emit]));
  const healthy = new HealthyTime(log.faults);
  const violations = [
    ...walk.violations,
    ...unsettled(log.emits),
    ...conflicts(log.emits),
    ...mismatches(log),
    ...twoPlaces(log, ledger),
    ...lost(log.emits, ledger, options),
    ...rejectedLater(log.emits, walk.segments),
    ...differentTops(walk, ledger),
    ...walk.segments.flatMap((segment) => outOfOrder(segment, emits)),
    ...walk.segments.flatMap((segment) => forks(segment, ledger)),
    ...missing(log.emits, walk.segments, ledger),
    ...silentLosses(log.emits, walk.segments, ledger),
    ...pageViolations(log),
    ...skippedAhead(log.emits, walk.segments),
    ...plainViolations(whole, options),
    ...waitingViolations(log.emits, healthy, options),
    ...starved(log, healthy, options),
    ...stateViolations(log.live, healthy, options),
    ...streamViolations(log.live, healthy, options),
    ...liveBreaches(log),
  ].toSorted((a, b) => a.at - b.at);
  return { violations, figures: figuresOf(whole, ledger) };
}

function liveBreaches({ live }: RunLog): Violation[] {
  return live.flatMap((record) => {
    if (record.kind !== 'liveBreach') return [];
    const { channel, client, at, what } = record;
    return [{ class: 'liveBreach' as const, channel, client, at, detail: what }];
  });
}

function unsettled(emits: readonly EmitRecord[]): Violation[] {
  return emits
    .filter((emit) => emit.outcome === 'unsettled')
    .map(({ channel, key, settledAt }) => ({ class: 'unsettled', channel, detail: key, at: settledAt }));
}

function conflicts(emits: readonly EmitRecord[]): Violation[] {
  const violations: Violation[] = [];
  const owners = new Map<string, string>();
  for (const { channel, id, key, settledAt } of emits) {
    if (id === undefined) continue;
    const owner = owners.get(`${channel} ${id}`);
    if (owner === undefined) owners.set(`${channel} ${id}`, key);
    else violations.push({ class: 'conflict', channel, detail: `${id} is ${owner} and ${key}`, at: settledAt });
  }
  return violations;
}

/** Checks that every id refers to the same event for all clients. */
function mismatches(log: RunLog): Violation[] {
  const violations: Violation[] = [];
  const keys = new Map<string, string>();
  const enter = (channel: string, id: string, key: string, at: number, client?: string): void => {
    const known = keys.get(`${channel} ${id}`);
    if (known === undefined) keys.set(`${channel} ${id}`, key);
    else if (known !== key) {
      const detail = `${id} is ${known} and ${key}`;
      violations.push({ class: 'mismatch', channel, detail, at, ...(client === undefined ? {} : { client }) });
    }
  };
  for (const { channel, id, key, settledAt } of log.emits) {
    // Two acknowledged events at one id are a conflict, which is reported separately.
    if (id !== undefined && !keys.has(`${channel} ${id}`)) enter(channel, id, key, settledAt);
  }
  for (const record of log.seen) {
    const { channel, at, client } = record;
    if (record.kind === 'event') enter(channel, record.id, record.key, at, client);
    if (record.kind === 'page') for (const { id, key } of record.events) enter(channel, id, key, at, client);
  }
  return violations;
}

/** Checks the offset of each emit: a second offset is valid only if the event at the first one was lost. */
function twoPlaces(log: RunLog, ledger: Ledger): Violation[] {
  const violations: Violation[] = [];
  const places = new Map<string, Position>();
  const enter = (channel: string, id: string, key: string, at: number): void => {
    const known = places.get(key);
    const position = positionOf(id);
    if (known === undefined) places.set(key, position);
    // The same offset, perhaps under a later epoch.
    if (known === undefined || known.offset === position.offset) return;
    if (known.epoch !== position.epoch) {
      const [earlier, later] =
        ledger.order(channel, known.epoch) < ledger.order(channel, position.epoch)
          ? [known, position]
          : [position, known];
      places.set(key, later);
      if (ledger.isGone(channel, earlier)) return;
    }
    const detail = `${key} stands at ${formatPosition(known)} and at ${id}`;
    violations.push({ class: 'twoPlaces', channel, detail, at });
  };
  for (const { channel, id, key, settledAt } of log.emits) if (id !== undefined) enter(channel, id, key, settledAt);
  for (const record of log.seen) {
    if (record.kind === 'event') enter(record.channel, record.id, record.key, record.at);
  }
  return violations;
}

function lost(emits: readonly EmitRecord[], ledger: Ledger, { redisMayLose }: CheckOptions): Violation[] {
  if (redisMayLose) return [];
  return emits
    .filter(({ channel, id }) => id !== undefined && ledger.isGone(channel, positionOf(id)))
    .map(({ channel, id, key, settledAt }) => ({ class: 'lost', channel, detail: `${id} ${key}`, at: settledAt }));
}

/**
 * Finds rejected emits that were published after the rejection. A delivered one may have been published before, with a
 * lost reply. It was published later if it follows an event that started after the rejection.
 */
function rejectedLater(emits: readonly EmitRecord[], segments: readonly Segment[]): Violation[] {
  const rejected = new Map(emits.filter(isRefused).map((emit) => [emit.key, emit]));
  if (rejected.size === 0) return [];
  const startedAt = new Map(emits.map((emit) => [emit.key, emit.startedAt]));
  const found = new Map<string, Violation>();
  for (const { channel, events } of segments) {
    let latest = { key: '', startedAt: -Infinity };
    for (const { key, position, at } of events) {
      const emit = rejected.get(key);
      if (emit?.outcome === 'notPublished') {
        found.set(key, { class: 'refusedYetPublished', channel, detail: `${key} at ${formatPosition(position)}`, at });
      } else if (emit !== undefined && latest.startedAt > emit.settledAt) {
        const detail = `${key} stands at ${formatPosition(position)}, behind ${latest.key}`;
        found.set(key, { class: 'rejectedLater', channel, detail, at });
      }
      const started = startedAt.get(key) ?? -Infinity;
      if (started > latest.startedAt) latest = { key, startedAt: started };
    }
  }
  return [...found.values()];
}

function isRefused({ outcome }: EmitRecord): boolean {
  return outcome === 'rejected' || outcome === 'notPublished';
}

function differentTops({ ends }: SegmentWalk, ledger: Ledger): Violation[] {
  const violations: Violation[] = [];
  for (const { client, channel, lastEventId } of ends) {
    const top = ledger.top(channel);
    if (top === null) continue; // no event was ever published there
    if (lastEventId !== formatPosition(top)) {
      const detail = `it stands at ${lastEventId}, the channel at ${formatPosition(top)}`;
      violations.push({ class: 'differentTop', channel, client, detail, at: Infinity });
    }
  }
  return violations;
}

function outOfOrder(segment: Segment, emits: ReadonlyMap<string, EmitRecord>): Violation[] {
  const { channel, client, events } = segment;
  const violations: Violation[] = [];
  const last = new Map<string, EmitRecord>();
  for (const { key, at } of events) {
    const emit = emits.get(key);
    if (emit === undefined) {
      violations.push({ class: 'breach', channel, client, detail: `${key} was never emitted`, at });
      continue;
    }
    const before = last.get(emit.publisher);
    if (before !== undefined && before.sequence > emit.sequence) {
      violations.push({ class: 'fifo', channel, client, detail: `${key} came after ${before.key}`, at });
    }
    last.set(emit.publisher, emit);
  }
  return violations;
}

/** Checks that a segment continues into a new epoch only from an event that the new epoch contains. */
function forks({ channel, client, start, events }: Segment, ledger: Ledger): Violation[] {
  const violations: Violation[] = [];
  let last = start;
  for (const { position, at } of events) {
    if (position.epoch !== last.epoch && ledger.isGone(channel, last)) {
      const detail = `${formatPosition(position)} after ${formatPosition(last)}, which is gone`;
      violations.push({ class: 'fork', channel, client, detail, at });
    }
    last = position;
  }
  return violations;
}

/** Checks that every acknowledged event between a segment's ends was delivered in it, unless the event was lost. */
function missing(emits: readonly EmitRecord[], segments: readonly Segment[], ledger: Ledger): Violation[] {
  const acknowledged = new Map<string, { position: Position; order: number; key: string }[]>();
  for (const { channel, id, key } of emits) {
    if (id === undefined) continue;
    const position = positionOf(id);
    if (ledger.isGone(channel, position)) continue;
    const entry = { position, order: ledger.order(channel, position.epoch), key };
    const list = acknowledged.get(channel);
    if (list === undefined) acknowledged.set(channel, [entry]);
    else list.push(entry);
  }
  const violations: Violation[] = [];
  for (const { channel, client, start, events } of segments) {
    const last = events.at(-1);
    if (last === undefined) continue;
    const byOffset = new Map(events.map((event) => [event.position.offset, event]));
    for (const { position, order, key } of acknowledged.get(channel) ?? []) {
      if (position.offset <= start.offset || position.offset > last.position.offset) continue;
      const there = byOffset.get(position.offset);
      // Events of an earlier epoch were there before this one. Another check covers whether the segment can continue
      // from them.
      if (there?.key === key || ledger.order(channel, (there ?? last).position.epoch) < order) continue;
      const detail = `${formatPosition(position)} ${key}`;
      violations.push({ class: 'missing', channel, client, detail, at: there?.at ?? last.at });
    }
  }
  return violations;
}

/** Checks that no client is placed beyond the top of a channel: later events must have higher offsets. */
function skippedAhead(emits: readonly EmitRecord[], segments: readonly Segment[]): Violation[] {
  // channel and epoch → acknowledged events, the latest start first
  const byEpoch = new Map<string, EmitRecord[]>();
  for (const emit of emits) {
    if (emit.id === undefined) continue;
    const name = `${emit.channel} ${positionOf(emit.id).epoch}`;
    const list = byEpoch.get(name);
    if (list === undefined) byEpoch.set(name, [emit]);
    else list.push(emit);
  }
  for (const list of byEpoch.values()) list.sort((a, b) => b.startedAt - a.startedAt);
  const violations: Violation[] = [];
  for (const { channel, client, start, startedAt } of segments) {
    for (const emit of byEpoch.get(`${channel} ${start.epoch}`) ?? []) {
      if (emit.startedAt <= startedAt) break;
      if (positionOf(emit.id!).offset > start.offset) continue;
      const detail = `${emit.key} stands at ${emit.id}, and the client was put at ${formatPosition(start)} before that`;
      violations.push({ class: 'skippedAhead', channel, client, detail, at: startedAt });
      break;
    }
  }
  return violations;
}
