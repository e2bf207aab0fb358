import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import type { Observable } from 'rxjs';
import { AuthService } from '../auth/auth.service.js';
import { inTenant } from '../tenants/current-tenant.js';
import { bearerOf } from './bearer.js';

/**
 * Runs the handlers of HTTP requests for the tenant of whoever calls: `emit` needs no `{ tenant }` there. The tenant is that of
 * the token in `Authorization: Bearer …`, verified as every token of the module is: without one, and for an administrator of
 * the platform, there is none. A bad token is answered by 401.
 */
@Injectable()
export class TenantInterceptor implements NestInterceptor {
  constructor(private readonly auth: AuthService) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const { headers } = context.switchToHttp().getRequest<{ headers: IncomingHttpHeaders }>();
    const principal = await bearerOf(this.auth, headers);
    // Nest binds the handler to the context in which it is asked for.
    return inTenant(principal?.tenant ?? null, () => next.handle());
  }
}
