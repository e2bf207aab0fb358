import { ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { ProtocolError } from '../../protocol/index.js';
import type { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';

/**
 * Authenticates a REST call by `Authorization: Bearer …`; returns `null` without the header. Tokens in the query are
 * ignored.
 * @throws UnauthorizedException (401) for an invalid token
 * @throws ServiceUnavailableException (503) if the token cannot be verified now
 */
export function bearerOf(auth: AuthService, { authorization }: IncomingHttpHeaders): Promise<Principal | null> {
  return answered(() => auth.identify(withoutUrl(authorization)));
}

/** Authenticates a REST call of a user or a guest: see {@link bearerOf}. */
export function clientOf(auth: AuthService, { authorization }: IncomingHttpHeaders): Promise<Principal | null> {
  return answered(() => auth.identifyClient(withoutUrl(authorization)));
}

function withoutUrl(authorization: string | undefined): {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
} {
  return { headers: authorization === undefined ? {} : { authorization }, url: '' };
}

async function answered(identify: () => Promise<Principal | null>): Promise<Principal | null> {
  try {
    return await identify();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.code === 'unavailable') throw new ServiceUnavailableException(error.message);
    throw new UnauthorizedException(error.message, { cause: error });
  }
}
