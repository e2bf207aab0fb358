import { ValidateBy } from 'class-validator';
import type { IncomingMessage } from 'node:http';

/**
 * Decides whether an `Origin` can connect. It has 5 s; a promise that rejects or takes longer counts as a refusal.
 * @param origin as sent by the browser, for example `https://app.example.com`, or `null`
 */
export type OriginRule = (origin: string, request: IncomingMessage) => boolean | Promise<boolean>;

/** Host as in `Origin`: a name, or an IPv6 address in brackets. */
export const HOST_NAME = /^([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:]+\])$/;

/** Entries of the list: `https://app.example.com`, `https://*.example.com:8443`, `capacitor://localhost`. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(\*\.)?([a-z0-9]([a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:]+\])(:\d{1,5})?$/;

/**
 * Keywords that can replace an origin: all origins, the host that serves the request, and pages without an origin
 * (`file:`, sandboxes).
 */
const WORDS: readonly unknown[] = ['*', 'self', 'null'];

const FORM =
  'must be a function, or a list of origins as browsers write them: https://app.example.com (lower case, no path and no slash at the end), https://*.example.com, self, null or *';

/** Validates the option `origins`. */
export function IsOrigins(): PropertyDecorator {
  return ValidateBy({
    name: 'isOrigins',
    validator: { validate: isOrigins, defaultMessage: () => FORM },
  });
}

function isOrigins(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return Array.isArray(value) && value.length > 0 && value.every(isEntry);
}

function isEntry(entry: unknown): boolean {
  if (typeof entry !== 'string') return false;
  return WORDS.includes(entry) || (ORIGIN.test(entry) && !hasDefaultPort(entry));
}

/** Returns true for an entry with a default port. Browsers omit it, so the entry would never match. */
function hasDefaultPort(entry: string): boolean {
  return /^https:.*:443$|^http:.*:80$/.test(entry);
}
