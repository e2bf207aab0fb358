import {
  applyDecorators,
  createParamDecorator,
  ForbiddenException,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import type { Principal, User } from '../../realtime/index.js';
import { AdminGuard } from './admin.guard.js';
import { SignedInGuard, type SignedInRequest } from './signed-in.guard.js';

/** Requires a valid token. */
export const SignedIn = (): ClassDecorator & MethodDecorator => applyDecorators(UseGuards(SignedInGuard));

/** Requires a valid token of an admin. */
export const AdminOnly = (): ClassDecorator & MethodDecorator => applyDecorators(UseGuards(SignedInGuard, AdminGuard));

/** Injects the principal of the request's token: the user with its permissions and session. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal => context.switchToHttp().getRequest<SignedInRequest>().principal,
);

/** Injects the user of the request's token: `{ userId, email, role }`. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): User => context.switchToHttp().getRequest<SignedInRequest>().principal.user,
);

/**
 * Checks that the caller owns a record or is an admin.
 * @throws ForbiddenException (403)
 */
export function assertOwner(ownerId: string, { isAdmin, user: { userId } }: Principal): void {
  if (!isAdmin && ownerId !== userId) throw new ForbiddenException('Only the owner and admins can change this');
}
