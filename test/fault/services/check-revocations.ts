import { HealthyTime } from '../checker/healthy-time.js';
import { concerns } from './check-control.js';
import { KILL, type ServiceLog } from './log.js';
import type { ServiceViolation } from './violations.js';

export interface RevocationLimits {
  /** Maximum time without a fault until every instance knows a revocation, in milliseconds. @default 5000 */
  readonly knownWithinMs?: number;
}

/**
 * Checks that a revoked token is not accepted by an instance that confirmed the revocation, by one that started later,
 * or by any instance after the maximum time.
 */
export function checkRevocations(
  log: ServiceLog,
  { knownWithinMs = 5_000 }: RevocationLimits = {},
): ServiceViolation[] {
  const healthy = new HealthyTime(log.faults);
  const reachable = new HealthyTime(log.faults.filter(({ name }) => name !== KILL));
  const violations: ServiceViolation[] = [];
  for (const order of log.orders) {
    const { result, settledAt } = order;
    if (order.do !== 'revoke' || result === null) continue;
    for (const visit of log.visits) {
      // A connection in progress at the time of the response may have been accepted before.
      if (visit.openedAt === null || visit.startedAt <= settledAt || !concerns(order, visit)) continue;
      const detail = `${order.target} on ${visit.life}, ${Math.round(visit.openedAt - settledAt)} ms later`;
      const life = log.lives.find(({ id }) => id === visit.life);
      if (result.confirmed.includes(visit.life)) {
        violations.push({ class: 'acceptedAfterConfirmation', detail, at: visit.openedAt });
      } else if (life !== undefined && life.from > settledAt) {
        // A new instance queries Redis and the live instances before it accepts connections, unless it cannot reach
        // them.
        const isCutOff = reachable.between(life.from, visit.openedAt) < visit.openedAt - life.from;
        if (!isCutOff) violations.push({ class: 'acceptedLate', detail, at: visit.openedAt });
      } else if (healthy.between(settledAt, visit.openedAt) > knownWithinMs) {
        violations.push({ class: 'acceptedLate', detail, at: visit.openedAt });
      }
    }
  }
  return violations;
}
