import type { OperatorCall } from '../gateway/audit/audit-log.service.js';
import { OPERATOR_ACTIONS, OPERATOR_READS } from '../gateway/audit/realtime-audit.js';

/** The part of a request that describes an operator's call. */
export interface CalledRoute {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** Maximum length of a parameter in a log entry, in characters. */
const MAX_LENGTH = 1_000;

/**
 * Describes a call for the audit log. The name of the call is the name of the handler, so a handler with an unknown name
 * throws instead of running without a log entry.
 * @throws Error for an unknown handler
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

/** A query parser of the application can return objects, for example one whose `toString` is not a function. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
