import { createHmac, timingSafeEqual } from 'node:crypto';

/** Length of an HMAC-SHA256 as base64url. */
const MAC_LENGTH = 43;

/**
 * Authenticates control commands, revocations, tickets, stored subscriptions and instance reports that pass through Redis (option `clusterKeys`).
 * Without a key it does nothing, and every client with write access to Redis is trusted.
 */
export class ClusterSeal {
  /** @param keys the first key signs, all keys verify */
  constructor(private readonly keys: readonly string[]) {}

  get hasKey(): boolean {
    return this.keys.length > 0;
  }

  /** @param purpose what the text is for; a seal is valid for one purpose only */
  seal(purpose: string, text: string): string {
    const [key] = this.keys;
    return key === undefined ? text : `${macOf(key, purpose, text)}.${text}`;
  }

  /** @throws Error if none of the keys sealed the text for this purpose */
  open(purpose: string, sealed: string): string {
    if (!this.hasKey) return sealed;
    const text = sealed.slice(MAC_LENGTH + 1);
    const given = Buffer.from(sealed.slice(0, MAC_LENGTH));
    const isGenuine = this.keys.some((key) => {
      const mac = Buffer.from(macOf(key, purpose, text));
      return mac.length === given.length && timingSafeEqual(mac, given);
    });
    if (!isGenuine || sealed[MAC_LENGTH] !== '.') throw new Error('it was not signed with any of `clusterKeys`');
    return text;
  }
}

function macOf(key: string, purpose: string, text: string): string {
  // The length prefix makes each pair of purpose and text unique.
  return createHmac('sha256', key).update(`${purpose.length}:${purpose}:${text}`).digest('base64url');
}
