import { Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { AuthService, bearerOf, type Principal } from '../../realtime/index.js';

/** A request with a valid token. */
export interface SignedInRequest extends Request {
  principal: Principal;
}

/** Requires `Authorization: Bearer JWT`, with the same checks as on the WebSocket. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(private readonly auth: AuthService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    const principal = await bearerOf(this.auth, request.headers);
    if (principal === null) throw new UnauthorizedException('Send a token: Authorization: Bearer …');
    request.principal = principal;
    return true;
  }
}
