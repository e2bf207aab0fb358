import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm, JwtOptions } from '../options/jwt-options.js';
import { jwtKeys } from './jwt-key.js';

/** Header fields of a token that select one of the configured keys. */
export interface TokenHeader {
  readonly alg?: string;
  readonly kid?: string;
}

/** The keys are unavailable, so the token can be neither accepted nor rejected. The message is for operators. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

/** The keys that verify token signatures. */
export abstract class TokenKeys {
  /** The allowed algorithms. */
  abstract readonly algorithms: readonly JwtAlgorithm[];

  /** Readiness: true if tokens can be verified, otherwise the reason. */
  abstract readonly status: { readonly up: boolean; readonly reason?: string };

  /**
   * Returns the keys that could have signed a token with this header. The caller has checked that its algorithm is allowed.
   * @throws KeysUnavailableError
   */
  abstract keysFor(header: TokenHeader): readonly KeyObject[] | Promise<readonly KeyObject[]>;
}

/** The secrets or public keys of the options. There are several during a key rotation. */
export class StaticKeys extends TokenKeys {
  override readonly algorithms: readonly JwtAlgorithm[];
  override readonly status = { up: true };
  private readonly byAlgorithm: ReadonlyMap<string, readonly KeyObject[]>;

  /** @throws RealtimeOptionsError if a key cannot be used */
  constructor(options: JwtOptions) {
    super();
    const keys = jwtKeys(options);
    this.algorithms = [...new Set(keys.flatMap(({ algorithms }) => algorithms))];
    this.byAlgorithm = new Map(
      this.algorithms.map((name) => [
        name,
        keys.filter(({ algorithms }) => algorithms.includes(name)).map(({ key }) => key),
      ]),
    );
  }

  override keysFor({ alg }: TokenHeader): readonly KeyObject[] {
    return this.byAlgorithm.get(alg ?? '') ?? [];
  }
}
