import { JwtService, type JwtVerifyOptions } from '@nestjs/jwt';
import type { KeyObject } from 'node:crypto';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import type { JwtAlgorithm } from '../options/jwt-options.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { makePrincipal, partsFromClaims, principalAt } from './principal.js';
import { signedPartOf } from './signed-part.js';
import { TokenHeaders } from './token-headers.js';
import type { TokenHeader, TokenKeys } from './token-keys.js';
import { VerifiedTokens, type VerifiedToken } from './verified-tokens.js';

/** Error message of `jsonwebtoken` if another key signed the token. */
const WRONG_KEY = 'invalid signature';

/** The longest token that is parsed, in characters. */
const MAX_TOKEN_LENGTH = 8_192;

/** Verifies the signature and the claims of tokens. A token that was verified before is not verified again. */
export class TokenVerifier {
  private readonly headers = new TokenHeaders();
  private readonly verified = new VerifiedTokens();
  private lastHeader: TokenHeader = {};
  private readonly services = new WeakMap<KeyObject, JwtService>();
  /** Shared by the services of all keys. `verifySignature` sets the algorithm and the time before each use. */
  private readonly verifyOptions: JwtVerifyOptions;

  constructor(
    private readonly keys: TokenKeys,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {
    const { issuer, audience, clockToleranceSeconds } = options.jwt;
    this.verifyOptions = {
      algorithms: [],
      clockTimestamp: 0,
      clockTolerance: clockToleranceSeconds,
      ignoreExpiration: true,
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience: audience as string | [string, ...string[]] }),
    };
  }

  /**
   * Returns a token with its principal. The caller checks expiry and revocations.
   * @throws Error with what is wrong with the token, or KeysUnavailableError
   */
  async verify(token: string): Promise<VerifiedToken> {
    if (token.length > MAX_TOKEN_LENGTH) throw new Error(`it is longer than ${MAX_TOKEN_LENGTH} characters`);
    const digest = VerifiedTokens.digestOf(token);
    const known = this.verified.take(digest);
    const verified =
      known !== undefined && (await this.isStillVerified(known))
        ? this.atPresent(known)
        : await this.verifySignature(token);
    this.verified.add(digest, verified);
    return verified;
  }

  /** Forgets a token that was refused: it expired or was revoked. */
  forget(token: string): void {
    this.verified.take(VerifiedTokens.digestOf(token));
  }

  /** Returns true if the token is active and its key is still in use. A removed key ends the tokens it signed. */
  private async isStillVerified({ header, key, notBefore }: VerifiedToken): Promise<boolean> {
    if (notBefore > this.now() + this.options.jwt.clockToleranceSeconds) return false;
    const keys = await this.keys.keysFor(header);
    return keys.includes(key);
  }

  private atPresent(verified: VerifiedToken): VerifiedToken {
    const principal = principalAt(verified.principal, verified.issuedAt, this.options, this.clock.wall());
    return principal === verified.principal ? verified : { ...verified, principal };
  }

  private async verifySignature(token: string): Promise<VerifiedToken> {
    const signedPart = signedPartOf(token);
    const { alg, kid, crit } = this.headers.of(token);
    // Checked before a key is looked up: the unverified header must not influence the choice of algorithms.
    const algorithm = this.keys.algorithms.find((allowed) => allowed === alg);
    if (algorithm === undefined) throw new Error('its algorithm is not allowed');
    if (crit !== undefined) throw new Error('it demands an extension (crit) that is not supported');
    if (kid !== undefined && typeof kid !== 'string') throw new Error('its kid is not a string');
    const header = this.headerOf(algorithm, kid);
    const keys = await this.keys.keysFor(header);
    const { claims, key } = this.verifyWith(keys, token, algorithm);
    if (typeof claims !== 'object' || claims === null) throw new Error('its payload is not an object');
    const { nbf } = claims as { readonly nbf?: number };
    const parts = partsFromClaims(claims as Record<string, unknown>, this.options, signedPart);
    const principal = makePrincipal(parts, this.options, this.clock.wall());
    return { header, key, notBefore: nbf ?? -Infinity, issuedAt: parts.issuedAt, principal };
  }

  /** All tokens of one issuer share one object. */
  private headerOf(alg: string, kid: string | undefined): TokenHeader {
    const { lastHeader } = this;
    if (lastHeader.alg === alg && lastHeader.kid === kid) return lastHeader;
    this.lastHeader = { alg, ...(kid === undefined ? {} : { kid }) };
    return this.lastHeader;
  }

  private verifyWith(
    keys: readonly KeyObject[],
    token: string,
    algorithm: JwtAlgorithm,
  ): { claims: unknown; key: KeyObject } {
    this.verifyOptions.algorithms = [algorithm];
    this.verifyOptions.clockTimestamp = this.now();
    for (const [index, key] of keys.entries()) {
      try {
        return { claims: this.serviceOf(key).verify(token), key };
      } catch (error) {
        // During key rotation, another key may have signed the token.
        if (index === keys.length - 1 || (error as Error).message !== WRONG_KEY) throw error;
      }
    }
    throw new Error('there is no key for its algorithm');
  }

  /** A service that has its key: merging a key into the options of each call takes longer than verifying the token. */
  private serviceOf(key: KeyObject): JwtService {
    let service = this.services.get(key);
    if (service === undefined) {
      // JwtService accepts a key object, but its types allow only strings.
      const publicKey = key as unknown as string;
      this.services.set(key, (service = new JwtService({ publicKey, verifyOptions: this.verifyOptions })));
    }
    return service;
  }

  /** The time in seconds since 1970. */
  private now(): number {
    return Math.floor(this.clock.wall() / 1_000);
  }
}
