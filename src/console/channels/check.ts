import { Recent } from '../api/recent.js';

export const CHECK_FIELDS = ['channel', 'user', 'roles', 'tenant', 'limit'] as const;

/** Fields of an access check. Empty ones are left out of the request. */
export type Check = Readonly<Record<(typeof CHECK_FIELDS)[number], string>>;

export const NO_CHECK: Check = { channel: '', user: '', roles: '', tenant: '', limit: '' };

/** The recent checks of this tab. */
export function recentChecks(): Recent<Check> {
  return new Recent('checks', isCheck);
}

function isCheck(value: unknown): value is Check {
  if (typeof value !== 'object' || value === null) return false;
  return CHECK_FIELDS.every((name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'string');
}
