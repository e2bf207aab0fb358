import { hash } from 'node:crypto';

/** Instructions for the delivery of an event to connections. */
export interface DeliveryHints {
  /** The connection that does not receive the event: see {@link exclusionOf}. */
  readonly except?: string | undefined;
  /** Key of an event that replaces waiting events of its channel with the same key. */
  readonly conflate?: string | undefined;
}

/** Number of base64url characters of a digest: 132 bits. */
const DIGEST_LENGTH = 22;
/** The id is one that `isConnectionId` of the protocol accepts. */
const EXCLUSION = new RegExp(`^[\\w-]{1,64}(?::[\\w-]{${DIGEST_LENGTH}})?$`);

const HINTS = /^(?:except=([\w:-]+))?(?:&?conflate=([\w!~*'()%.-]+))?$/;

/**
 * Encodes hints as they are stored and sent between instances, next to the event: printable ASCII without spaces. They are
 * never sent to clients.
 * @returns `undefined` without hints
 */
export function encodeHints({ except, conflate }: DeliveryHints): string | undefined {
  const parts = [
    ...(except === undefined ? [] : [`except=${except}`]),
    ...(conflate === undefined ? [] : [`conflate=${encodeURIComponent(conflate)}`]),
  ];
  return parts.length === 0 ? undefined : parts.join('&');
}

/** Decodes hints. Hints that no instance can have written are ignored: all connections receive the event. */
export function decodeHints(hints: string): DeliveryHints {
  const [, except, key] = HINTS.exec(hints) ?? [];
  return {
    ...(except !== undefined && isExclusion(except) && { except }),
    ...(key !== undefined && { conflate: decodedKey(key) }),
  };
}

function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/**
 * Returns the exclusion of a connection: its id, or `<id>:<digest of the user>`. With a digest, the id of another user's
 * connection excludes no connection. So an id from a request needs no look-up, on any instance.
 * @param userKey the user to whom the connection must belong; `null` if trusted code named the connection
 */
export function exclusionOf(connectionId: string, userKey: string | null): string {
  return userKey === null ? connectionId : `${connectionId}:${digestOf(userKey)}`;
}

/** Returns true if the value is an exclusion. */
export function isExclusion(value: unknown): value is string {
  return typeof value === 'string' && EXCLUSION.test(value);
}

/** The part of a connection that an exclusion names. */
export interface Excludable {
  readonly id: string;
  /** Id of an earlier connection of the same client, as the client named it. */
  readonly earlierId: string | null;
  readonly principal: { readonly userKey: string } | null;
}

/** Returns true if the connection does not receive events with this exclusion. */
export function isExcluded({ id, earlierId, principal }: Excludable, exclusion: string): boolean {
  const end = exclusion.indexOf(':');
  const excluded = end < 0 ? exclusion : exclusion.slice(0, end);
  if (excluded !== id && excluded !== earlierId) return false;
  return end < 0 || (principal !== null && digestOf(principal.userKey) === exclusion.slice(end + 1));
}

function digestOf(userKey: string): string {
  return hash('sha256', userKey, 'base64url').slice(0, DIGEST_LENGTH);
}
