import { HealthyTime } from '../checker/healthy-time.js';
import type { Order, ServiceLog, Visit } from './log.js';
import type { ServiceViolation } from './violations.js';

export interface ControlLimits {
  /**
   * Maximum time from the response of a command until a client notices that its connection was closed, in milliseconds.
   * @default 3000
   */
  readonly closedWithinMs?: number;
  /**
   * Maximum time without a fault until a command reaches an instance that did not confirm it, in milliseconds. @default
   * 10000
   */
  readonly carriedOutWithinMs?: number;
  /** Time for which a killed instance counts as missing, in milliseconds: its lease plus one renewal. @default 20000 */
  readonly leaseMs?: number;
  /** Time after a fault until an instance is reachable again, in milliseconds. @default 5000 */
  readonly reconnectMs?: number;
}

const UNKNOWN = '(unknown)';

/** Compares the responses of commands with the fate of the affected connections. */
export function checkControl(log: ServiceLog, limits: ControlLimits = {}): ServiceViolation[] {
  const healthy = new HealthyTime(log.faults);
  return [
    ...log.orders.flatMap((order) => notCarriedOut(log, order, healthy, limits)),
    ...log.orders.flatMap((order) => wronglyMissing(log, order, limits)),
    ...closedTwice(log),
  ];
}

export function concerns(order: Order, { user, session }: Visit): boolean {
  return order.target === (order.do === 'disconnect' ? user : session);
}

function notCarriedOut(
  log: ServiceLog,
  order: Order,
  healthy: HealthyTime,
  { closedWithinMs = 3_000, carriedOutWithinMs = 10_000 }: ControlLimits,
): ServiceViolation[] {
  const { result, settledAt } = order;
  if (result === null) return [];
  const violations: ServiceViolation[] = [];
  for (const visit of log.visits) {
    if (visit.openedAt === null || visit.openedAt >= order.startedAt || !concerns(order, visit)) continue;
    const closedAt = visit.closedAt ?? log.endedAt;
    const detail = `${order.do} ${order.target} on ${visit.life}`;
    if (result.confirmed.includes(visit.life) && closedAt - settledAt > closedWithinMs) {
      violations.push({ class: 'confirmedNotDone', detail, at: settledAt });
    } else if (healthy.between(settledAt, closedAt) > carriedOutWithinMs) {
      violations.push({ class: 'neverDone', detail, at: closedAt });
    }
  }
  return violations;
}

function wronglyMissing(
  { faults, lives }: ServiceLog,
  { do: what, target, result, startedAt, settledAt }: Order,
  { leaseMs = 20_000, reconnectMs = 5_000 }: ControlLimits,
): ServiceViolation[] {
  const faultWithin = (ms: number): boolean => faults.some(({ from, to }) => from <= settledAt && to + ms >= startedAt);
  if (result === null) {
    return faultWithin(reconnectMs) ? [] : [{ class: 'refused', detail: `${what} ${target}`, at: settledAt }];
  }
  return result.missing.flatMap((id) => {
    const life = lives.find((one) => one.id === id);
    const isExcused =
      id === UNKNOWN
        ? faultWithin(leaseMs)
        : typeof life?.to === 'number' && life.to <= settledAt
          ? startedAt <= life.to + leaseMs // it was killed before the answer
          : faultWithin(reconnectMs);
    return isExcused ? [] : [{ class: 'missingForever' as const, detail: `${id}: ${what} ${target}`, at: settledAt }];
  });
}

/**
 * Checks that a command only closed connections that started before it was confirmed on that instance, which was alive
 * then.
 */
function closedTwice({ visits, orders, lives }: ServiceLog): ServiceViolation[] {
  return visits.flatMap((visit): ServiceViolation[] => {
    const { openedAt, closedAt, code, life } = visit;
    if (code !== 4403 || openedAt === null || closedAt === null) return [];
    const from = lives.find(({ id }) => id === life)?.from ?? 0;
    // An isolated instance executes a command late, also on newer connections; a new instance does not.
    const mayBeLate = (order: Order): boolean =>
      order.settledAt > from && order.result?.confirmed.includes(life) !== true;
    const mayClose = (order: Order): boolean =>
      order.startedAt <= closedAt && (order.do === 'revoke' || order.settledAt >= openedAt || mayBeLate(order));
    if (orders.some((order) => concerns(order, visit) && mayClose(order))) return [];
    return [{ class: 'doneTwice', detail: `${visit.user} on ${life}`, at: closedAt }];
  });
}
