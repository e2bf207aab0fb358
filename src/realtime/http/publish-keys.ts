import { createHash, timingSafeEqual } from 'node:crypto';
import { matchPattern } from '../../protocol/index.js';
import { PUBLISH_OPERATIONS, type PublishKeyOptions, type PublishOperation } from '../options/publish-keys.js';
import { showChannel } from '../publishing/event-composer.js';

/** A publishing key without its secret: its name and scope. `null` means unlimited. */
export interface PublishKey {
  readonly name: string;
  readonly channels: readonly string[] | null;
  readonly tenants: readonly string[] | null;
  readonly operations: readonly PublishOperation[];
}

/**
 * Publishing keys of the options. Keys are stored as digests, which have the same length and are compared in constant
 * time.
 */
export class PublishKeys {
  private readonly known: readonly { readonly digest: Buffer; readonly key: PublishKey }[];

  /** @param keys a string is a key without a scope; its name is its position in the list, such as `#1` */
  constructor(keys: readonly (string | PublishKeyOptions)[]) {
    this.known = keys.map((entry, index) => {
      const { key: secret, ...scope } = typeof entry === 'string' ? { key: entry, name: `#${index + 1}` } : entry;
      const key = { channels: null, tenants: null, operations: PUBLISH_OPERATIONS, ...scope };
      return { digest: digestOf(secret), key };
    });
  }

  /**
   * Compares the secret with every key, so that the time reveals neither which key matched nor how much of a key was
   * right.
   */
  find(secret: string): PublishKey | null {
    const given = digestOf(secret);
    return this.known.filter(({ digest }) => timingSafeEqual(digest, given))[0]?.key ?? null;
  }
}

/** Returns the reason why a key cannot be used for an operation, or `null` if it can. */
export function operationProblem({ name, operations }: PublishKey, operation: PublishOperation): string | null {
  if (operations.includes(operation)) return null;
  const requested = operation === 'batch' ? 'a list of events' : 'a single event';
  return `The key ${name} is limited to the operations ${operations.join(', ')}: it cannot publish ${requested}`;
}

/** Returns the reason why a key cannot be used for a channel, or `null` if it can. */
export function channelProblem({ name, channels }: PublishKey, channel: string): string | null {
  if (channels === null || channels.some((pattern) => matchPattern(pattern, channel) !== null)) return null;
  return `The key ${name} is limited to the channels ${listed(channels)}: it cannot publish to ${showChannel(channel)}`;
}

/**
 * Returns the reason why a key cannot be used for a tenant, or `null` if it can.
 * @param tenant `undefined` if the event names no tenant
 * @param isGlobal true if the channel is global
 */
export function tenantScopeProblem(
  { name, tenants }: PublishKey,
  tenant: string | undefined,
  isGlobal: boolean,
): string | null {
  if (tenants === null) return null;
  const limited = `The key ${name} is limited to the tenants ${listed(tenants)}: `;
  if (isGlobal) return `${limited}it cannot publish to a channel of all tenants`;
  if (tenant === undefined) return tenants.length === 1 ? null : `${limited}name one of them as tenant`;
  return tenants.includes(tenant) ? null : `${limited}it cannot publish for ${showChannel(tenant)}`;
}

/** Lists at most ten names. */
function listed(names: readonly string[]): string {
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return names.slice(0, 10).join(', ') + more;
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
