import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { MetricsGuard } from './metrics.guard.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

/**
 * `GET /metrics` for Prometheus: exports every meter of the OpenTelemetry API, including those of the realtime module.
 */
@Module({ controllers: [MetricsController], providers: [PrometheusMetrics, MetricsGuard] })
export class MetricsModule {}
