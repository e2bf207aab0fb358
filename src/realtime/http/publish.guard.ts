import {
  ForbiddenException,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AuthService } from '../auth/auth.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { bearerOf } from './bearer.js';

/** A request that was let in. */
export interface PublishRequest {
  readonly headers: IncomingHttpHeaders;
  /** The only tenant for which it may publish; `null`, or nothing for a service with a key: for all of them. */
  tenantOfPublisher?: string | null;
}

/** Lets administrators (`Authorization: Bearer JWT`) and other services (`X-API-Key`) in. */
@Injectable()
export class PublishGuard implements CanActivate {
  private readonly keys: readonly Buffer[];

  constructor(
    private readonly auth: AuthService,
    options: ResolvedRealtimeOptions,
  ) {
    this.keys = options.publishApiKeys.map(digest);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<PublishRequest>();
    const { headers } = request;
    const key = headers['x-api-key'];
    if (typeof key === 'string') {
      if (this.knows(key)) return true;
      throw new UnauthorizedException('The API key is not valid');
    }
    const principal = await bearerOf(this.auth, headers);
    if (principal === null) {
      throw new UnauthorizedException(
        "Bring an administrator's token (Authorization: Bearer …) or an API key (X-API-Key: …)",
      );
    }
    if (!principal.isAdmin) throw new ForbiddenException('Only administrators may publish');
    request.tenantOfPublisher = principal.home;
    return true;
  }

  /** Digests have one length and are compared in constant time: neither a key nor its length can be guessed by the clock. */
  private knows(key: string): boolean {
    const given = digest(key);
    return this.keys.filter((known) => timingSafeEqual(known, given)).length > 0;
  }
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
