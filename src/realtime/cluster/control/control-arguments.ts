import type { Actor } from './confirmation.js';

/** With the option `tenants`: the tenant that the user belongs to. */
export interface TenantScope {
  /** `null` for a platform user without a tenant. @default the tenant of the running code (`EventsPublisher.withTenant`) */
  readonly tenant?: string | null;
}

/** Rejects times in seconds, such as `exp` and `iat`: as milliseconds they are before this time, and would revoke nothing. */
const EARLIEST_MS = 100_000_000_000;

/** A point in time: milliseconds since 1970, or a date. */
export type Timestamp = number | Date;

export function actorOf(by: string | undefined): Actor {
  return by === undefined ? {} : { by };
}

/** @throws TypeError or RangeError */
export function toMilliseconds(moment: Timestamp, name: string): number {
  const milliseconds = Number(moment);
  if (!Number.isFinite(milliseconds)) throw new TypeError(`${name} must be a date, or milliseconds since 1970`);
  if (milliseconds < EARLIEST_MS) {
    throw new RangeError(`${name} is ${milliseconds}, before 1973: give milliseconds since 1970, not seconds`);
  }
  return milliseconds;
}

export function assertText(value: string, name: string): void {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a non-empty string`);
}
