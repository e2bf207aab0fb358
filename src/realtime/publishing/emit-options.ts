import type { Channel } from '../channels/channel-catalogue.js';
import { isExclusion } from '../schemas/delivery-hints.js';
import { InvalidEventError } from './errors.js';

/** Options of `emit`. */
export interface EmitOptions {
  /**
   * With the option `tenants`: tenant of the event. @default the tenant of the running code (`withTenant`); global
   * channels have none
   */
  readonly tenant?: string;
  /**
   * Idempotency key, at most 200 characters. A second emit to this channel with the same key within 5 minutes publishes
   * nothing, and returns the id of the first event.
   */
  readonly idempotencyKey?: string;
  /** Time for which the key is remembered, in milliseconds, at most a day. @default 300000 */
  readonly idempotencyMs?: number;
  /**
   * Id of a connection that does not receive the event, live or in a replay: that of the sender (`Connection.senderId`).
   * `null` for none. @default the sender of the running code (`SenderInterceptor`)
   */
  readonly except?: string | null;
  /**
   * Key of the event, at most 200 characters, on a channel without history: a client that reads too slowly receives only the
   * newest event of each key, such as the last position of a cursor.
   */
  readonly conflate?: string;
  /** Time limit of the emit, in milliseconds. After the emit was rejected, the event is never published. @default 10000 */
  readonly timeoutMs?: number;
}

const MAX_KEY_LENGTH = 200;
const MAX_IDEMPOTENCY_MS = 86_400_000;

/**
 * Validates the options of an emit, which can be any value without TypeScript.
 * @throws InvalidEventError
 */
export function readOptions(options: EmitOptions | null | undefined): EmitOptions {
  if (options === undefined || options === null) return {};
  if (typeof options === 'object' && !Array.isArray(options)) return options;
  throw new InvalidEventError(
    'options',
    `must be an object such as { idempotencyKey }, not ${Array.isArray(options) ? 'a list' : `a ${typeof options}`}`,
  );
}

/** Checks the options of an emit to a channel. @throws InvalidEventError */
export function checkOptions(
  { idempotencyKey, idempotencyMs, timeoutMs, except, conflate }: EmitOptions,
  channel: Channel,
): void {
  if (idempotencyKey !== undefined && !isKey(idempotencyKey)) {
    throw new InvalidEventError('idempotencyKey', `must have 1 to ${MAX_KEY_LENGTH} characters`);
  }
  if (idempotencyMs !== undefined && !isDuration(idempotencyMs)) {
    throw new InvalidEventError(
      'idempotencyMs',
      `must be a whole number of milliseconds from 1 to ${MAX_IDEMPOTENCY_MS}`,
    );
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw new InvalidEventError('timeoutMs', `must be a number of milliseconds above 0`);
  }
  if (except !== undefined && except !== null && !isExclusion(except)) {
    throw new InvalidEventError('except', 'must be the id of a connection');
  }
  if (conflate !== undefined) checkConflation(conflate, channel);
}

function checkConflation(key: unknown, { history }: Channel): void {
  const isValid = isKey(key) && !/[\ud800-\udfff]/u.test(key as string);
  if (!isValid) throw new InvalidEventError('conflate', `must have 1 to ${MAX_KEY_LENGTH} characters of valid Unicode`);
  if (history !== null) {
    throw new InvalidEventError('conflate', 'needs a channel without history: history: false in its definition');
  }
}

function isKey(key: unknown): boolean {
  return typeof key === 'string' && key !== '' && key.length <= MAX_KEY_LENGTH;
}

function isDuration(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= MAX_IDEMPOTENCY_MS;
}
