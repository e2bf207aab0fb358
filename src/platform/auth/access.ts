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

/** For everyone who brings a good token. */
export const SignedIn = (): ClassDecorator & MethodDecorator => applyDecorators(UseGuards(SignedInGuard));

/** For administrators. */
export const AdminOnly = (): ClassDecorator & MethodDecorator => applyDecorators(UseGuards(SignedInGuard, AdminGuard));

/** Who the request's token says that this is, with its rights and its session. */
export const CurrentPrincipal = createParamDecorator(
  (_: unknown, context: ExecutionContext): Principal => context.switchToHttp().getRequest<SignedInRequest>().principal,
);

/** The user whom the request's token names: `{ userId, email, role }`. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): User => context.switchToHttp().getRequest<SignedInRequest>().principal.user,
);

/**
 * Lets owners change what is theirs, and administrators change everything.
 * @throws ForbiddenException (403)
 */
export function assertOwner(ownerId: string, { isAdmin, user: { userId } }: Principal): void {
  if (!isAdmin && ownerId !== userId) throw new ForbiddenException('Only its owner and administrators may change this');
}
