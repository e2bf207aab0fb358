import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { createHash, timingSafeEqual } from 'node:crypto';
import { AdminGuard } from '../auth/admin.guard.js';
import { SignedInGuard } from '../auth/signed-in.guard.js';
import { AuthService } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';

/** Allows Prometheus with METRICS_TOKEN and admins with their token, both as `Authorization: Bearer …`. */
@Injectable()
export class MetricsGuard implements CanActivate {
  private readonly token: Buffer | null;
  private readonly admins = new AdminGuard();
  private readonly signedIn: SignedInGuard;

  constructor({ metricsToken }: PlatformConfig, auth: AuthService) {
    this.token = metricsToken === null ? null : digest(`Bearer ${metricsToken}`);
    this.signedIn = new SignedInGuard(auth);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { authorization = '' } = context.switchToHttp().getRequest<Request>().headers;
    // Digests have equal length, so they can be compared in constant time.
    if (this.token !== null && timingSafeEqual(this.token, digest(authorization))) return true;
    return (await this.signedIn.canActivate(context)) && this.admins.canActivate(context);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
