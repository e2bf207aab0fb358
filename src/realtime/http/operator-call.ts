import type { OperatorCall } from '../audit/audit-log.service.js';
import { OPERATOR_ACTIONS, OPERATOR_READS } from '../audit/realtime-audit.js';

/** The part of a request that names what an operator asks for. */
export interface CalledRoute {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** The longest value of a parameter in an entry, in characters. */
const MAX_LENGTH = 1_000;

/**
 * A call for the audit log. Handlers have the names of the calls: a route with another name could be called without a trace.
 * @throws Error for such a handler
 */
export function operatorCallOf(handler: string, { params = {}, query: parameters = {} }: CalledRoute): OperatorCall {
  const query = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, textOf(value).slice(0, MAX_LENGTH)]),
  );
  const [parameter] = Object.values(params);
  const target = parameter ?? (handler === 'explain' ? query['channel'] : undefined) ?? null;
  const read = OPERATOR_READS.find((name) => name === handler);
  if (read !== undefined) return { isRead: true, name: read, query, target };
  const action = OPERATOR_ACTIONS.find((name) => name === handler);
  if (action !== undefined) return { isRead: false, name: action, query, target };
  throw new Error(`The audit log has no name for the route ${handler}: add it to OPERATOR_READS or OPERATOR_ACTIONS`);
}

/** A parser of the application can make objects of a query, such as one with a `toString` that is no function. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
