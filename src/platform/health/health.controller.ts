import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { HealthService, type Health } from './health.service.js';

@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** The process lives. */
  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when requests should be sent here; 503 while it shuts down, or cannot reach its database or Redis. */
  @Get('ready')
  async ready(): Promise<Health> {
    const health = await this.health.check();
    if (health.status !== 'ok') throw new ServiceUnavailableException(health);
    return health;
  }
}
