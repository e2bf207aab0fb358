import { PLAIN_CHANNEL } from '../channels.js';
import type { ClientRecord, EmitRecord, RunLog } from '../log.js';
import { STAYING } from './starvation.js';
import type { Violation, ViolationClass } from './violations.js';

export interface PlainLimits {
  /** True for runs without faults, in which every event of a channel without history must arrive. @default false */
  readonly nothingFails?: boolean;
}

/** One subscription of a client to the channel without history, from the reply to `subscribe` until it left. */
interface Visit {
  readonly client: string;
  readonly from: number;
  to: number;
  readonly events: { readonly key: string; readonly at: number }[];
}

/** Maximum delivery time while nothing fails, in milliseconds. */
const DELIVERY_MS = 2_000;

/** Returns the log without the channel without history, for all other checks. */
export function withoutPlain({ emits, seen, ...rest }: RunLog): RunLog {
  return {
    ...rest,
    emits: emits.filter(({ channel }) => channel !== PLAIN_CHANNEL),
    seen: seen.filter(({ channel }) => channel !== PLAIN_CHANNEL),
  };
}

/**
 * Checks the weaker guarantees of a channel without history: a client receives each event at most once, in one order
 * for all, and none that was rejected before a later one started. Events can be missing, but not while nothing fails.
 */
export function plainViolations(log: RunLog, { nothingFails = false }: PlainLimits = {}): Violation[] {
  const emits = log.emits.filter(({ channel }) => channel === PLAIN_CHANNEL);
  const byKey = new Map(emits.map((emit) => [emit.key, emit]));
  const violations: Violation[] = [];
  const visits = visitsOf(log.seen, violations);
  for (const visit of visits) violations.push(...wrongEvents(visit, byKey));
  violations.push(...wrongOrder(visits));
  for (const { outcome, key, settledAt } of emits) {
    if (outcome === 'unsettled') violations.push(violation('unsettled', key, settledAt));
  }
  if (nothingFails) violations.push(...lost(emits, visits));
  return violations;
}

function visitsOf(seen: readonly ClientRecord[], violations: Violation[]): Visit[] {
  const visits: Visit[] = [];
  const open = new Map<string, Visit>();
  for (const { channel, client, at, ...record } of seen) {
    if (channel !== PLAIN_CHANNEL) continue;
    const visit = open.get(client);
    if (record.kind === 'subscribed') {
      const begun: Visit = { client, from: at, to: Infinity, events: [] };
      open.set(client, begun);
      visits.push(begun);
    } else if (record.kind === 'plain') {
      if (visit === undefined) violations.push(violation('outside', record.key, at, client));
      visit?.events.push({ key: record.key, at });
    } else if (record.kind === 'left') {
      if (visit !== undefined) visit.to = at;
      open.delete(client);
    } else if (record.kind === 'breach') violations.push(violation('breach', record.what, at, client));
  }
  return visits;
}

function wrongEvents({ client, events }: Visit, byKey: ReadonlyMap<string, EmitRecord>): Violation[] {
  const violations: Violation[] = [];
  const seen = new Set<string>();
  const last = new Map<string, EmitRecord>();
  let latest: EmitRecord | null = null;
  for (const { key, at } of events) {
    const emit = byKey.get(key);
    if (emit === undefined) {
      violations.push(violation('breach', `${key} was never emitted`, at, client));
      continue;
    }
    if (seen.has(key)) violations.push(violation('duplicate', key, at, client));
    seen.add(key);
    const before = last.get(emit.publisher);
    if (before !== undefined && before.sequence > emit.sequence) {
      violations.push(violation('fifo', `${key} came after ${before.key}`, at, client));
    }
    last.set(emit.publisher, emit);
    if (emit.outcome === 'notPublished') violations.push(violation('refusedYetPublished', key, at, client));
    if (emit.outcome === 'rejected' && latest !== null && latest.startedAt > emit.settledAt) {
      violations.push(violation('rejectedLater', `${key} came behind ${latest.key}`, at, client));
    }
    if (latest === null || emit.startedAt > latest.startedAt) latest = emit;
  }
  return violations;
}

/** Compares each visit with all others: common events must have the same order. */
function wrongOrder(visits: readonly Visit[]): Violation[] {
  const violations: Violation[] = [];
  const places = visits.map(({ events }) => new Map(events.map(({ key }, index) => [key, index])));
  for (const [index, { client, events }] of visits.entries()) {
    for (const other of places.slice(0, index)) {
      let highest = -1;
      for (const { key, at } of events) {
        const place = other.get(key);
        if (place === undefined) continue;
        if (place < highest) violations.push(violation('plainOrder', key, at, client));
        highest = Math.max(highest, place);
      }
    }
  }
  return violations;
}

function lost(emits: readonly EmitRecord[], visits: readonly Visit[]): Violation[] {
  const violations: Violation[] = [];
  for (const { client, from, to, events } of visits) {
    if (!client.startsWith(STAYING)) continue;
    const keys = new Set(events.map(({ key }) => key));
    for (const { key, outcome, startedAt, settledAt } of emits) {
      const was = outcome === 'acknowledged' && startedAt > from && settledAt + DELIVERY_MS < to;
      if (was && !keys.has(key)) violations.push(violation('plainLost', key, settledAt, client));
    }
  }
  return violations;
}

function violation(kind: ViolationClass, detail: string, at: number, client?: string): Violation {
  return { class: kind, channel: PLAIN_CHANNEL, detail, at, ...(client === undefined ? {} : { client }) };
}
