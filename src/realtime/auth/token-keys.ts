import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm, JwtOptions } from '../options/jwt-options.js';
import { jwtKeys } from './jwt-key.js';

/** The fields of a token's header that select a key. They select among known keys only. */
export interface TokenHeader {
  readonly alg?: string;
  readonly kid?: string;
}

/** The keys are unavailable, so the token can be neither accepted nor rejected. The message is for operators. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

/** The keys that verify the signatures of tokens. */
export abstract class TokenKeys {
  /** The only algorithms that are accepted. */
  abstract readonly algorithms: readonly JwtAlgorithm[];

  /** Reports whether tokens can be verified, and if not, why: for readiness. */
  abstract readonly status: { readonly up: boolean; readonly reason?: string };

  /**
   * The keys of which one has to have signed a token with this header, whose algorithm is an accepted one.
   * @throws KeysUnavailableError
   */
  abstract keysFor(header: TokenHeader): readonly KeyObject[] | Promise<readonly KeyObject[]>;
}

/** The secrets, or the public keys, of the options: several while keys rotate. */
export class StaticKeys extends TokenKeys {
  override readonly algorithms: readonly JwtAlgorithm[];
  override readonly status = { up: true };
  private readonly byAlgorithm: ReadonlyMap<string, readonly KeyObject[]>;

  /** @throws RealtimeOptionsError when a key cannot be used */
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
