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
export async function bearerOf(auth: AuthService, { authorization }: IncomingHttpHeaders): Promise<Principal | null> {
  if (authorization === undefined) return null;
  try {
    return await auth.identify({ headers: { authorization }, url: '' });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.code === 'unavailable') throw new ServiceUnavailableException(error.message);
    throw new UnauthorizedException(error.message, { cause: error });
  }
}
