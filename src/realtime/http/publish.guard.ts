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
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { bearerOf } from './bearer.js';
import { PublishKeys, type PublishKey } from './publish-keys.js';
import { refusedWith, RequestClients, type HttpRequest } from './request-client.js';

/** Caller of an authenticated request: an admin, or a service with a key. */
export type Publisher =
  | { readonly principal: Principal; readonly key: null }
  | { readonly principal: null; readonly key: PublishKey };

/** An authenticated request to publish. */
export interface PublishRequest extends HttpRequest {
  publisher?: Publisher;
}

/** Admits admins (`Authorization: Bearer JWT`) and services with a key (`X-API-Key`). */
@Injectable()
export class PublishGuard implements CanActivate {
  private readonly keys: PublishKeys;

  constructor(
    private readonly auth: AuthService,
    private readonly auditLog: AuditLog,
    private readonly clients: RequestClients,
    options: ResolvedRealtimeOptions,
  ) {
    this.keys = new PublishKeys(options.publishApiKeys);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<PublishRequest>();
    request.publisher = await this.authenticate(request);
    return true;
  }

  /** @throws HttpException if the caller cannot publish; it is written into the audit log */
  authenticate(request: HttpRequest): Promise<Publisher> {
    return refusedWith(this.auditLog, this.clients, request, () => this.admit(request));
  }

  private async admit({ headers }: HttpRequest): Promise<Publisher> {
    const secret = headers['x-api-key'];
    if (typeof secret === 'string') {
      const key = this.keys.find(secret);
      if (key === null) throw new UnauthorizedException('Invalid API key', { cause: { code: 'key_invalid' } });
      return { principal: null, key };
    }
    const principal = await bearerOf(this.auth, headers);
    if (principal === null) {
      throw new UnauthorizedException(
        "Send an administrator's token (Authorization: Bearer …) or an API key (X-API-Key: …)",
        { cause: { code: 'token_missing' } },
      );
    }
    if (!principal.isAdmin) {
      throw new ForbiddenException('Only administrators can publish', { cause: { code: 'not_admin', principal } });
    }
    if (principal.channels !== undefined) {
      throw new ForbiddenException('The token is limited to channels: publishing needs a token without a limit', {
        cause: { code: 'not_admin', principal },
      });
    }
    return { principal, key: null };
  }
}
