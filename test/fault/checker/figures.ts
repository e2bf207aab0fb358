import { CLOSE_CODES } from '../../../src/protocol/codes.js';
import type { LiveRecord } from '../live/live-log.js';
import type { EmitRecord, FaultMark, Outcome, RunLog } from '../log.js';
import { HealthyTime } from './healthy-time.js';
import { positionOf, type Ledger } from './ledger.js';
import { withoutPlain } from './plain.js';
import { longestSilenceMs, STAYING } from './starvation.js';

/** Metrics of a run. */
export interface Figures {
  readonly acknowledged: number;
  /** Rejected emits on channels with history. */
  readonly rejected: number;
  /**
   * Rejected emits on the channel without history: an emit whose reply is lost is rejected at once, since it is never
   * retried.
   */
  readonly rejectedPlain: number;
  readonly unknown: number;
  readonly unsettled: number;
  /** Events received by all clients. */
  readonly delivered: number;
  /** Received events of the channel without history. */
  readonly deliveredPlain: number;
  readonly resyncs: number;
  readonly recoveredTrue: number;
  readonly recoveredFalse: number;
  /** Subscriptions that began with kept events. */
  readonly rewinds: number;
  /** Pages of histories with events. */
  readonly pages: number;
  /** States of live resources that clients received, and patches of them. */
  readonly states: number;
  readonly patches: number;
  /** Parts of streams that readers received. */
  readonly streamParts: number;
  /** Connections that were closed as slow consumers. */
  readonly closedAsSlow: number;
  /** Acknowledged events that Redis itself lost. */
  readonly lostByRedis: number;
  /** Rejected emits that are in the log, because their reply was lost. */
  readonly rejectedYetPublished: number;
  /** Longest duration of an acknowledged emit, in milliseconds. */
  readonly longestEmitMs: number;
  /** Longest wait of an acknowledged emit without a fault, in milliseconds. */
  readonly longestHealthyEmitMs: number;
  /** Longest time that a staying client waited for an event of a channel without a fault, in milliseconds. */
  readonly longestSilenceMs: number;
  /**
   * Time from the end of each fault until the last channel was live for every staying client, in milliseconds; `null`
   * if that never happened.
   */
  readonly liveAgainMs: readonly (number | null)[];
}

export function figuresOf(log: RunLog, ledger: Ledger): Figures {
  const healthy = new HealthyTime(log.faults);
  const longest = (of: (emit: EmitRecord) => number): number =>
    Math.round(log.emits.reduce((most, emit) => (emit.id === undefined ? most : Math.max(most, of(emit))), 0));
  const count = (outcome: Outcome): number => log.emits.filter((emit) => emit.outcome === outcome).length;
  const received = (kind: LiveRecord['kind']): number => log.live.filter((record) => record.kind === kind).length;
  const refused = ({ emits }: Pick<RunLog, 'emits'>): number =>
    emits.filter(({ outcome }) => outcome === 'rejected' || outcome === 'notPublished').length;
  const rejected = new Set(log.emits.filter((emit) => emit.outcome === 'rejected').map((emit) => emit.key));
  const published = new Set<string>();
  let [delivered, deliveredPlain, resyncs, recoveredTrue, recoveredFalse, closedAsSlow] = [0, 0, 0, 0, 0, 0];
  let [rewinds, pages] = [0, 0];
  for (const record of log.seen) {
    if (record.kind === 'event' || record.kind === 'plain') {
      delivered += 1;
      if (record.kind === 'plain') deliveredPlain += 1;
      if (rejected.has(record.key)) published.add(record.key);
    } else if (record.kind === 'resync') resyncs += 1;
    else if (record.kind === 'closed' && record.code === CLOSE_CODES.slowConsumer.code) closedAsSlow += 1;
    else if (record.kind === 'subscribed') {
      if (record.recovered === true) recoveredTrue += 1;
      else if (record.recovered === false) recoveredFalse += 1;
      if ((record.rewound ?? 0) > 0) rewinds += 1;
    } else if (record.kind === 'page' && record.events.length > 0) pages += 1;
  }
  return {
    acknowledged: count('acknowledged'),
    rejected: refused(withoutPlain(log)),
    rejectedPlain: refused(log) - refused(withoutPlain(log)),
    unknown: count('unknown'),
    unsettled: count('unsettled'),
    delivered,
    deliveredPlain,
    resyncs,
    recoveredTrue,
    recoveredFalse,
    rewinds,
    pages,
    states: received('state'),
    patches: received('patch'),
    streamParts: received('part'),
    closedAsSlow,
    lostByRedis: log.emits.filter(({ channel, id }) => id !== undefined && ledger.isGone(channel, positionOf(id)))
      .length,
    rejectedYetPublished: published.size,
    longestEmitMs: longest(({ startedAt, settledAt }) => settledAt - startedAt),
    longestHealthyEmitMs: longest(({ startedAt, settledAt }) => healthy.between(startedAt, settledAt)),
    longestSilenceMs: longestSilenceMs(withoutPlain(log), healthy),
    liveAgainMs: log.faults.map((fault) => liveAgain(log, fault)),
  };
}

/** A channel is live for a client once it receives an event that started after the fault's end. */
function liveAgain(log: RunLog, { to }: FaultMark): number | null {
  const startedAt = new Map(log.emits.map((emit) => [emit.key, emit.startedAt]));
  const waiting = new Set<string>();
  for (const { kind, client, channel } of log.seen) {
    if (kind === 'subscribed' && client.startsWith(STAYING)) waiting.add(`${client} ${channel}`);
  }
  for (const record of log.seen) {
    if ((record.kind !== 'event' && record.kind !== 'plain') || record.at < to) continue;
    const started = startedAt.get(record.key);
    if (started === undefined || started < to) continue;
    if (waiting.delete(`${record.client} ${record.channel}`) && waiting.size === 0) return Math.round(record.at - to);
  }
  return null;
}
