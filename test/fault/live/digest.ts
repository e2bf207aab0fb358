import { createHash } from 'node:crypto';

/** Returns the same digest for equal JSON, in any order of properties. */
export function digestOf(value: unknown): string {
  return createHash('sha1').update(JSON.stringify(value, sorted)).digest('base64url');
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
