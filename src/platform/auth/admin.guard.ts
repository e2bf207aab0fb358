import { ForbiddenException, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { SignedInRequest } from './signed-in.guard.js';

/** Lets administrators in; it stands behind the guard that finds out who it is. */
@Injectable()
export class AdminGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { principal } = context.switchToHttp().getRequest<SignedInRequest>();
    if (!principal.isAdmin) throw new ForbiddenException('Only administrators can do this');
    return true;
  }
}
