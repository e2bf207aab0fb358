import { Module } from '@nestjs/common';
import { MetricsController } from './metrics.controller.js';
import { MetricsGuard } from './metrics.guard.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

/** `GET /metrics` for Prometheus, over whatever asks the OpenTelemetry API for a meter; the realtime module does. */
@Module({ controllers: [MetricsController], providers: [PrometheusMetrics, MetricsGuard] })
export class MetricsModule {}
