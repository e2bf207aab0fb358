import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AuthService, ProtocolError, type Principal } from '../../realtime/index.js';

/** A request whose token was good. */
export interface SignedInRequest extends Request {
  principal: Principal;
}

/** Lets in who brings `Authorization: Bearer JWT`: the same tokens, judged in the same way, as on the WebSocket. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(private readonly auth: AuthService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    const { authorization } = request.headers;
    const principal = authorization === undefined ? null : await this.identify(authorization);
    if (principal === null) throw new UnauthorizedException('Bring a token: Authorization: Bearer …');
    request.principal = principal;
    return true;
  }

  private async identify(authorization: string): Promise<Principal | null> {
    try {
      return await this.auth.identify({ headers: { authorization }, url: '' });
    } catch (error) {
      throw error instanceof ProtocolError ? new UnauthorizedException(error.message) : error;
    }
  }
}
