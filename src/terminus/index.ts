/** Entry point for applications that use `@nestjs/terminus`. The module itself does not depend on it. */
import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { RealtimeHealth, type RealtimeHealthReport } from '../realtime/index.js';

/** Details that the indicator reports with `up` or `down`. */
export type RealtimeHealthDetails = Omit<RealtimeHealthReport, 'status'> & { readonly draining: boolean };

/**
 * Terminus health indicator for readiness. Provide it in the module of your health controller.
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

  /**
   * Returns `down` while this instance drains, and while {@link RealtimeHealth} reports it as `unavailable`.
   * @param key @default 'realtime'
   */
  isHealthy<const Key extends string = 'realtime'>(
    key: Key = 'realtime' as Key,
  ): HealthIndicatorResult<Key, 'up' | 'down', RealtimeHealthDetails> {
    const { status, ...report } = this.health.check();
    const details: RealtimeHealthDetails = { ...report, draining: status === 'draining' };
    const indicator = this.indicators.check(key);
    return status === 'ok' ? indicator.up({ ...details }) : indicator.down({ ...details });
  }
}
