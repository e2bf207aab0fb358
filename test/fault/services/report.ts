import type { ServiceResult } from './run-services.js';
import { SERVICE_VIOLATIONS, type ServiceViolation, type ServiceViolationClass } from './violations.js';

export function summaryOf({ log, violations }: ServiceResult): string {
  const { faults, lives, visits, views, orders } = log;
  const count = (kind: 'disconnect' | 'revoke') => orders.filter((order) => order.do === kind).length;
  const refused = visits.filter(({ openedAt }) => openedAt === null).length;
  const missing = orders.filter(({ result }) => (result?.missing.length ?? 0) > 0).length;
  const unanswered = orders.filter(({ result }) => result === null).length;
  return (
    `${faults.length} faults, ${lives.length} processes, ${visits.length} connections (${refused} not accepted), ` +
    `${views.length} views, ${count('disconnect')} disconnects and ${count('revoke')} revocations ` +
    `(${missing} with an instance missing, ${unanswered} refused), ${violations.length} violations`
  );
}

/** Lists the first violations of each class. */
export function describeServices(violations: readonly ServiceViolation[], most = 5): string {
  const lines: string[] = [];
  for (const kind of Object.keys(SERVICE_VIOLATIONS) as ServiceViolationClass[]) {
    const found = violations.filter((violation) => violation.class === kind);
    if (found.length === 0) continue;
    lines.push(`${kind} (${found.length}): ${SERVICE_VIOLATIONS[kind]}`);
    for (const { at, detail } of found.slice(0, most)) lines.push(`  ${at.toFixed(0)} ${detail}`);
  }
  return lines.join('\n');
}
