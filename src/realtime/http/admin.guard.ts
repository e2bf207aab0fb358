import {
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import { bearerOf } from './bearer.js';
import type { HttpRequest } from './request-client.js';

/** A request that was let in. */
export interface OperatorRequest extends HttpRequest {
  /** The administrator whose it is. */
  operator?: Principal;
}

/** Lets administrators (`Authorization: Bearer JWT`) in. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(private readonly auth: AuthService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<OperatorRequest>();
    const principal = await bearerOf(this.auth, request.headers);
    if (principal === null) throw new UnauthorizedException("Bring an administrator's token: Authorization: Bearer …");
    // Who runs the platform sees all tenants: an administrator of one of them does not run it.
    if (!principal.isAdmin || principal.homeTenant !== null)
      throw new ForbiddenException('Only administrators may ask for this');
    request.operator = principal;
    return true;
  }
}
