import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm, JwtOptions } from '../options/jwt-options.js';
import { jwtKey } from './jwt-key.js';

/** The part of a token's header that may say which key to take; what it says of algorithms and of other keys counts nothing. */
export interface TokenHeader {
  readonly alg?: string;
  readonly kid?: string;
}

/** The keys cannot be had now: whether a token is good is not known. The message is for operators. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

/** What verifies the signatures of tokens. */
export abstract class TokenKeys {
  /** The only algorithms that are accepted. */
  abstract readonly algorithms: readonly JwtAlgorithm[];

  /** Whether tokens can be verified, and why not: for readiness. */
  abstract readonly status: { readonly up: boolean; readonly reason?: string };

  /**
   * The key that has to have signed a token with this header, whose algorithm is an accepted one.
   * @throws KeysUnavailableError
   */
  abstract keyFor(header: TokenHeader): KeyObject | Promise<KeyObject>;
}

/** The secret, or the public key, of the options. */
export class FixedKey extends TokenKeys {
  override readonly algorithms: readonly JwtAlgorithm[];
  override readonly status = { up: true };
  private readonly key: KeyObject;

  /** @throws RealtimeOptionsError when the key cannot be used */
  constructor(options: JwtOptions) {
    super();
    ({ key: this.key, algorithms: this.algorithms } = jwtKey(options));
  }

  override keyFor(): KeyObject {
    return this.key;
  }
}
