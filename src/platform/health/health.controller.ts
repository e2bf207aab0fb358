import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { HealthService, type Health } from './health.service.js';

@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** Liveness: the process responds. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Readiness: 503 during shutdown, or while the database or Redis is unavailable. */
  @Get('ready')
  async ready(): Promise<Health> {
    const health = await this.health.check();
    if (health.status !== 'ok') throw new ServiceUnavailableException(health);
    return health;
  }
}
