import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import type { Observable } from 'rxjs';
import { AuthService } from '../auth/auth.service.js';
import { inTenant } from '../tenants/current-tenant.js';
import { bearerOf } from './bearer.js';

/**
 * Runs HTTP handlers in the tenant of the caller, so that `emit` needs no `{ tenant }`. The tenant is that of the token
 * in `Authorization: Bearer …`, verified like any other token. Without a token, and for a platform administrator, there
 * is no tenant. An invalid token is answered with 401.
 */
@Injectable()
export class TenantInterceptor implements NestInterceptor {
  constructor(private readonly auth: AuthService) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const { headers } = context.switchToHttp().getRequest<{ headers: IncomingHttpHeaders }>();
    const principal = await bearerOf(this.auth, headers);
    // `next.handle()` must be called inside the tenant: Nest binds the handler to the current async context.
    return inTenant(principal?.tenant ?? null, () => next.handle());
  }
}
