import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ConnectionRegistry, EventsPublisher, safely } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';
import { HealthService } from '../health/health.service.js';
import { MetricsReader } from './metrics.js';

/**
 * Publishes health and metrics of this instance on `system:health` and `system:metrics`, while a channel has
 * subscribers.
 */
@Injectable()
export class SystemService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('System');
  private readonly metrics = new MetricsReader();
  private timer: NodeJS.Timeout | undefined;
  private busy = false;

  constructor(
    private readonly events: EventsPublisher,
    private readonly connections: ConnectionRegistry,
    private readonly health: HealthService,
    private readonly config: PlatformConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(
      safely('The report on the system', () => this.tick()),
      this.config.systemIntervalMs,
    );
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.metrics.stop();
  }

  /** Skips a tick while the last one runs. Never rejects: the next tick tries again. */
  private async tick(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const timeoutMs = this.config.systemIntervalMs;
      if (await this.events.hasSubscribers('system:health')) {
        await this.events.emit('system:health', await this.health.check(), { timeoutMs });
      }
      if (await this.events.hasSubscribers('system:metrics')) {
        await this.events.emit('system:metrics', this.metrics.read(this.connections.size), { timeoutMs });
      }
    } catch (error) {
      this.logger.debug(`Telling of the system failed: ${(error as Error).message}`);
    } finally {
      this.busy = false;
    }
  }
}
