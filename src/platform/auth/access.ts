import { applyDecorators, createParamDecorator, UseGuards, type ExecutionContext } from '@nestjs/common';
import type { User } from '../../realtime/index.js';
import { AdminGuard } from './admin.guard.js';
import { SignedInGuard, type SignedInRequest } from './signed-in.guard.js';

/** For everyone who brings a good token. */
export const SignedIn = (): ClassDecorator & MethodDecorator => applyDecorators(UseGuards(SignedInGuard));

/** For administrators. */
export const AdminOnly = (): ClassDecorator & MethodDecorator => applyDecorators(UseGuards(SignedInGuard, AdminGuard));

/** The user whom the request's token names: `{ userId, email, role }`. */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): User => context.switchToHttp().getRequest<SignedInRequest>().principal.user,
);
