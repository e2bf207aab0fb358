import { ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { ProtocolError } from '../../protocol/index.js';
import type { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';

/**
 * Whom the `Authorization: Bearer …` of a REST call names; `null` without one. The query of such a call is no place for a
 * token: it is not looked at.
 * @throws UnauthorizedException (401) for a bad token
 * @throws ServiceUnavailableException (503) where it cannot be told now
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
