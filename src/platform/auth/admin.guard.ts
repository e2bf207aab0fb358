import { ForbiddenException, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { SignedInRequest } from './signed-in.guard.js';

/** Requires the admin role. Runs after `SignedInGuard`, which sets `request.principal`. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { principal } = context.switchToHttp().getRequest<SignedInRequest>();
    if (!principal.isAdmin) throw new ForbiddenException('Only admins can do this');
    return true;
  }
}
