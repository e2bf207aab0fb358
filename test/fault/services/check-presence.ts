import { HealthyTime } from '../checker/healthy-time.js';
import type { ServiceLog, Visit } from './log.js';
import type { ServiceViolation } from './violations.js';

export interface PresenceLimits {
  /** Maximum time without a fault until every watcher sees a new subscriber, in milliseconds. @default 6000 */
  readonly shownWithinMs?: number;
  /** The option `presenceGraceMs`, in milliseconds. @default 5000 */
  readonly graceMs?: number;
  /**
   * Maximum time without a fault after the grace period until a departed user is removed, in milliseconds. @default
   * 4000
   */
  readonly goneWithinMs?: number;
  /** The same after a killed instance or lost data, in milliseconds: a lease plus one renewal. @default 24000 */
  readonly healedWithinMs?: number;
  /** Time of isolation after which an instance counts as dead and its users leave, in milliseconds. @default 10000 */
  readonly leaseMs?: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Compares the members that watchers saw with the connected users. */
export function checkPresence(log: ServiceLog, limits: PresenceLimits = {}): ServiceViolation[] {
  const { shownWithinMs = 6_000, graceMs = 5_000, goneWithinMs = 4_000, healedWithinMs = 24_000 } = limits;
  const healthy = new HealthyTime(log.faults);
  const violations: ServiceViolation[] = [];
  const users = new Set(log.visits.filter(({ joinedAt }) => joinedAt !== null).map(({ user }) => user));
  const watchers = new Set(log.views.map(({ watcher }) => watcher));
  for (const user of users) {
    const visits = log.visits.filter((visit) => visit.user === user && visit.joinedAt !== null);
    const here = union(visits.map((visit) => ({ from: visit.joinedAt!, to: visit.closedAt ?? log.endedAt })));
    for (const watcher of watchers) {
      const { watched, shown, lefts } = viewOf(log, watcher, user);
      for (const { from, to } of minus(intersection(here, watched), shown)) {
        const ms = healthy.between(from, to);
        if (ms <= shownWithinMs) continue;
        violations.push({ class: 'presentNotShown', detail: `${user} to ${watcher} for ${Math.round(ms)} ms`, at: to });
      }
      for (const { from, to } of minus(shown, here)) {
        const ms = healthy.between(from, to);
        const limit = isNearFault(log, from) ? graceMs + healedWithinMs : graceMs + goneWithinMs;
        if (ms <= limit) continue;
        violations.push({ class: 'goneStillShown', detail: `${user} to ${watcher} for ${Math.round(ms)} ms`, at: to });
      }
      for (const at of lefts) {
        if (!isHereAllTheTime(here, at, graceMs, healthy, limits)) continue;
        violations.push({ class: 'flapped', detail: `${user}, as ${watcher} was notified`, at });
      }
    }
  }
  return violations;
}

/** Returns the times at which one watcher watched, and at which it saw one user. */
function viewOf(log: ServiceLog, watcher: string, user: string): { watched: Span[]; shown: Span[]; lefts: number[] } {
  const [watched, shown, lefts]: [Span[], Span[], number[]] = [[], [], []];
  let watchedFrom: number | null = null;
  let shownFrom: number | null = null;
  const show = (isShown: boolean, at: number): void => {
    if (isShown) shownFrom ??= at;
    else if (shownFrom !== null) {
      shown.push({ from: shownFrom, to: at });
      shownFrom = null;
    }
  };
  for (const view of log.views) {
    if (view.watcher !== watcher) continue;
    if (view.kind === 'list') {
      watchedFrom ??= view.at;
      show(view.members.includes(user), view.at);
    } else if (view.kind === 'diff') {
      if (view.left.includes(user)) {
        lefts.push(view.at);
        show(false, view.at);
      }
      if (view.joined.includes(user)) show(true, view.at);
    } else {
      show(false, view.at);
      if (watchedFrom !== null) watched.push({ from: watchedFrom, to: view.at });
      watchedFrom = null;
    }
  }
  show(false, log.endedAt);
  if (watchedFrom !== null) watched.push({ from: watchedFrom, to: log.endedAt });
  return { watched, shown, lefts };
}

/** True near a kill or a data loss, when leases may not have recovered yet. */
function isNearFault({ faults }: ServiceLog, at: number): boolean {
  return faults.some(({ from, to }) => at >= from - 1_000 && at <= to + 20_000);
}

/**
 * True if the user has no gap as long as the grace period around this time. An instance that is isolated for longer
 * than its lease is an exception.
 */
function isHereAllTheTime(
  here: readonly Span[],
  at: number,
  graceMs: number,
  healthy: HealthyTime,
  { leaseMs = 10_000 }: PresenceLimits,
): boolean {
  const since = at - 2 * graceMs;
  if (at - since - healthy.between(since, at) > leaseMs) return false;
  const gaps = minus([{ from: since, to: at }], here);
  return (
    gaps.every(({ from, to }) => to - from < graceMs - 1_000) && here.some(({ from, to }) => from <= at && at < to)
  );
}

function union(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || span.from > last.to) joined.push(span);
    else joined.splice(-1, 1, { from: last.from, to: Math.max(last.to, span.to) });
  }
  return joined;
}

function intersection(some: readonly Span[], others: readonly Span[]): Span[] {
  return some.flatMap((a) =>
    others
      .map((b) => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }))
      .filter(({ from, to }) => from < to),
  );
}

function minus(spans: readonly Span[], taken: readonly Span[]): Span[] {
  let left = [...spans];
  for (const { from, to } of taken) {
    left = left.flatMap((span) => [
      ...(span.from < from ? [{ from: span.from, to: Math.min(span.to, from) }] : []),
      ...(span.to > to ? [{ from: Math.max(span.from, to), to: span.to }] : []),
    ]);
  }
  return left;
}

/**
 * Returns the users that are connected at the end of the run, for a driver that waits until watchers see exactly these.
 */
export function usersHere(visits: readonly Visit[]): Set<string> {
  return new Set(
    visits.filter(({ joinedAt, closedAt }) => joinedAt !== null && closedAt === null).map(({ user }) => user),
  );
}
