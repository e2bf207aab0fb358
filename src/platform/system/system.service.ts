import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { ConnectionRegistry, EventsPublisher, OnRealtime, safely } from '../../realtime/index.js';
import { PlatformConfig } from '../config/platform-config.js';
import { HealthService } from '../health/health.service.js';
import { MetricsReader } from './metrics.js';

/**
 * Publishes health on `system:health` while the channel has subscribers, and metrics on `system:metrics`. Metrics are
 * sampled only while a client looks, on one instance of all.
 */
@Injectable()
export class SystemService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('System');
  private metrics: MetricsReader | null = null;
  private metricsTimer: NodeJS.Timeout | undefined;
  private healthTimer: NodeJS.Timeout | undefined;
  private busy = false;

  constructor(
    private readonly events: EventsPublisher,
    private readonly connections: ConnectionRegistry,
    private readonly health: HealthService,
    private readonly config: PlatformConfig,
  ) {}

  /** True while metrics are sampled. */
  get isSampling(): boolean {
    return this.metrics !== null;
  }

  onApplicationBootstrap(): void {
    this.healthTimer = setInterval(
      safely('The report on the health', () => this.publishHealth()),
      this.config.systemIntervalMs,
    );
  }

  onModuleDestroy(): void {
    clearInterval(this.healthTimer);
    this.stopSampling();
  }

  @OnRealtime('occupied', 'system:metrics')
  startSampling(): void {
    // After an interruption the channel can be announced again.
    this.stopSampling();
    this.metrics = new MetricsReader();
    this.metricsTimer = setInterval(
      safely('The report on the metrics', () => this.publishMetrics()),
      this.config.systemIntervalMs,
    );
  }

  @OnRealtime('vacated', 'system:metrics')
  @OnRealtime('released', 'system:metrics')
  stopSampling(): void {
    clearInterval(this.metricsTimer);
    this.metrics?.stop();
    this.metrics = null;
  }

  /** Skips a tick while the last one runs. Never rejects: the next tick tries again. */
  private async publishHealth(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      if (await this.events.hasSubscribers('system:health')) {
        const timeoutMs = this.config.systemIntervalMs;
        await this.events.emit('system:health', await this.health.check(), { timeoutMs });
      }
    } catch (error) {
      this.logger.debug(`The health was not published: ${(error as Error).message}`);
    } finally {
      this.busy = false;
    }
  }

  private async publishMetrics(): Promise<void> {
    if (this.metrics === null) return;
    const timeoutMs = this.config.systemIntervalMs;
    try {
      await this.events.emit('system:metrics', this.metrics.read(this.connections.size), { timeoutMs });
    } catch (error) {
      this.logger.debug(`The metrics were not published: ${(error as Error).message}`);
    }
  }
}
