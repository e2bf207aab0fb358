/** For applications that use `@nestjs/terminus`; the module itself does not need it. */
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { RealtimeHealth, type RealtimeHealthReport } from '../realtime/index.js';

/** What the indicator tells beside `up` or `down`. */
export type RealtimeHealthDetails = Omit<RealtimeHealthReport, 'status'> & { readonly draining: boolean };

/**
 * A Terminus indicator for readiness: provide it in the module whose controller checks health.
 *
 *     @Get('ready') @HealthCheck()
 *     ready() { return this.health.check([() => this.realtime.isHealthy()]); }
 */
@Injectable()
export class RealtimeHealthIndicator {
  constructor(
    private readonly health: RealtimeHealth,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** `down` while this instance drains, and while events do not go through. @param key @default 'realtime' */
  isHealthy<const Key extends string = 'realtime'>(
    key: Key = 'realtime' as Key,
  ): HealthIndicatorResult<Key, 'up' | 'down', RealtimeHealthDetails> {
    const { status, ...report } = this.health.check();
    const details: RealtimeHealthDetails = { ...report, draining: status === 'draining' };
    const indicator = this.indicators.check(key);
    return status === 'ok' ? indicator.up({ ...details }) : indicator.down({ ...details });
  }
}
