import { createHmac, timingSafeEqual } from 'node:crypto';

/** The length of an HMAC-SHA256 as base64url. */
const MAC_LENGTH = 43;

/**
 * Authenticates what decides over connections and tokens on its way through Redis (option `clusterKeys`). Without a key it
 * changes nothing: anyone who can write to Redis is then trusted.
 */
export class ClusterSeal {
  /** @param keys the first one signs, all of them verify */
  constructor(private readonly keys: readonly string[]) {}

  get hasKey(): boolean {
    return this.keys.length > 0;
  }

  /** @param purpose of the text: a seal for one purpose is not valid for another */
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
  // A length before each part: no two pairs of purpose and text give the same bytes.
  return createHmac('sha256', key).update(`${purpose.length}:${purpose}:${text}`).digest('base64url');
}
