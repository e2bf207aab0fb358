import {
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { AuditLog } from '../gateway/audit/audit-log.service.js';
import { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import { bearerOf } from './bearer.js';
import { operatorCallOf, type CalledRoute } from './operator-call.js';
import { refusedWith, RequestClients, type HttpRequest } from './request-client.js';

/** An authenticated request of an operator. */
export interface OperatorRequest extends HttpRequest {
  /** The admin who sent the request. */
  operator?: Principal;
}

/** Admits admins (`Authorization: Bearer JWT`), and writes each call into the audit log before it is answered. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    private readonly auth: AuthService,
    private readonly auditLog: AuditLog,
    private readonly clients: RequestClients,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<OperatorRequest & CalledRoute>();
    const call = operatorCallOf(context.getHandler().name, request);
    const operator = await refusedWith(this.auditLog, this.clients, request, () => this.admit(request));
    request.operator = operator;
    this.auditLog.operatorCalled(this.clients.of(request, operator), call);
    return true;
  }

  private async admit({ headers }: HttpRequest): Promise<Principal> {
    const principal = await bearerOf(this.auth, headers);
    if (principal === null) {
      throw new UnauthorizedException("Send an administrator's token: Authorization: Bearer …", {
        cause: { code: 'token_missing' },
      });
    }
    // Operators see all tenants, so an admin of a single tenant is refused.
    if (!principal.isAdmin || principal.homeTenant !== null) {
      throw new ForbiddenException('Only administrators can use this endpoint', {
        cause: { code: 'not_admin', principal },
      });
    }
    if (principal.channels !== undefined) {
      throw new ForbiddenException('The token is limited to channels: this endpoint needs a token without a limit', {
        cause: { code: 'not_admin', principal },
      });
    }
    return principal;
  }
}
