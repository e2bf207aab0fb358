import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { KeyObject } from 'node:crypto';
import { runSafely, safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import type { JwtAlgorithm, JwtOptions } from '../options/jwt-options.js';
import { fetchBounded } from './fetch-bounded.js';
import { createRemoteJWKSet, customFetch, errors, type CryptoKey } from './jose.js';
import { KeysUnavailableError, TokenKeys, type TokenHeader } from './token-keys.js';

/** Time limit for fetching the keys, in milliseconds. */
const TIMEOUT_MS = 5_000;
/** Maximum size of the response, in bytes. */
const MAX_BYTES = 524_288;

/** Name of the periodic fetch in the log. */
const KEEP_FRESH = 'Fetching the signing keys';

const DEFAULT_ALGORITHMS: readonly JwtAlgorithm[] = ['RS256', 'ES256'];

/**
 * The keys that an issuer publishes (JWKS), selected by `kid`. `jose` fetches and parses them; this class decides when. Keys are
 * fetched at startup, every `jwksMaxAgeMs`, and for an unknown `kid`. Fetches are at least `jwksCooldownMs` apart, no matter how
 * many tokens have an unknown `kid`. If the host is unavailable, the known keys stay in use.
 */
export class JwksKeys extends TokenKeys implements OnApplicationBootstrap, OnApplicationShutdown {
  override readonly algorithms: readonly JwtAlgorithm[];
  private readonly logger = new SafeLogger('Realtime');
  private readonly place: string;
  private readonly maxAgeMs: number;
  private readonly cooldownMs: number;
  private readonly remote: ReturnType<typeof createRemoteJWKSet>;
  /** One object per key, so that callers can compare keys. `jose` imports each key once per fetch. */
  private readonly keyObjects = new WeakMap<CryptoKey, KeyObject>();
  private loaded = false;
  /** Reason why the last fetch failed; `null` if it succeeded. */
  private failure: string | null = null;
  private pending: Promise<void> | null = null;
  private notBefore = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private ended = false;

  constructor({ jwksUrl, algorithms, jwksMaxAgeMs, jwksCooldownMs }: JwtOptions) {
    super();
    const url = new URL(jwksUrl!);
    // The query of the URL can contain a secret.
    this.place = url.origin + url.pathname;
    this.algorithms = algorithms ?? DEFAULT_ALGORITHMS;
    this.maxAgeMs = jwksMaxAgeMs;
    this.cooldownMs = jwksCooldownMs;
    this.remote = createRemoteJWKSet(url, {
      // This class decides when to fetch. `jose` would discard known keys by age, and would not wait after a failure.
      cacheMaxAge: Infinity,
      cooldownDuration: Infinity,
      timeoutDuration: TIMEOUT_MS,
      [customFetch]: (target, init) => fetchBounded(target, init, MAX_BYTES),
    });
  }

  override get status(): { up: boolean; reason?: string } {
    if (this.loaded) return { up: true };
    return {
      up: false,
      reason: `The signing keys cannot be fetched: ${this.failure ?? 'the first fetch has not finished'}`,
    };
  }

  onApplicationBootstrap(): void {
    runSafely(KEEP_FRESH, () => this.keepFresh());
  }

  onApplicationShutdown(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  override async keysFor(header: TokenHeader): Promise<readonly KeyObject[]> {
    if (!this.loaded) await this.fetch();
    try {
      return [await this.find(header)];
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.fetch();
      return [await this.find(header)];
    }
  }

  private async find({ alg, kid }: TokenHeader): Promise<KeyObject> {
    // Only `alg` and `kid` are passed on: a key that the token contains or links to must not be used.
    const key = await this.remote({ alg: alg!, ...(kid === undefined ? {} : { kid }) });
    let found = this.keyObjects.get(key);
    if (found === undefined) this.keyObjects.set(key, (found = KeyObject.from(key satisfies CryptoKey)));
    return found;
  }

  private async keepFresh(): Promise<void> {
    // Failures are logged; known keys stay in use.
    await this.fetch().catch(() => undefined);
    if (this.ended) return;
    const failed = this.failure !== null;
    this.timer = setTimeout(
      safely(KEEP_FRESH, () => this.keepFresh()),
      failed ? this.cooldownMs : this.maxAgeMs,
    ).unref();
  }

  /**
   * Fetches the keys. Concurrent callers share one fetch.
   * @throws KeysUnavailableError if the fetch fails, or if the cooldown since the last fetch has not passed
   */
  private fetch(): Promise<void> {
    if (this.pending !== null) return this.pending;
    const now = performance.now();
    if (now < this.notBefore) {
      const why = this.failure ?? 'they were fetched moments ago and are not fetched again yet';
      return Promise.reject(new KeysUnavailableError(why));
    }
    this.notBefore = now + this.cooldownMs;
    this.pending = this.remote.reload().then(
      () => this.succeeded(),
      (error: Error) => this.failed(error),
    );
    return this.pending.finally(() => (this.pending = null));
  }

  private succeeded(): void {
    if (this.failure !== null) this.logger.log(`The signing keys were fetched again from ${this.place}`);
    this.loaded = true;
    this.failure = null;
  }

  private failed({ message, cause }: Error): never {
    const why = cause instanceof Error && cause.message !== '' ? `${message} (${cause.message})` : message;
    if (this.failure === null) {
      const meanwhile = this.loaded
        ? 'the known keys stay in use'
        : 'until they are fetched, no token can be verified, and clients are asked to retry';
      this.logger.warn(`The signing keys cannot be fetched from ${this.place}: ${why}. Trying again; ${meanwhile}`);
    }
    this.failure = why;
    throw new KeysUnavailableError(why);
  }
}
