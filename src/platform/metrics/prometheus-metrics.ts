import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/**
 * The OpenTelemetry SDK of this process. Created before the modules initialize, because the realtime module looks for
 * an SDK then.
 */
@Injectable()
export class PrometheusMetrics implements OnApplicationShutdown {
  // Without this option, the exporter opens another port without a guard.
  private readonly reader = new PrometheusExporter({ preventServerStart: true });
  private readonly provider = new MeterProvider({ readers: [this.reader] });
  private readonly serializer = new PrometheusSerializer();

  constructor() {
    metrics.setGlobalMeterProvider(this.provider);
  }

  /** Returns the current metrics in Prometheus's text format. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.reader.collect();
    return this.serializer.serialize(resourceMetrics);
  }

  async onApplicationShutdown(): Promise<void> {
    metrics.disable();
    await this.provider.shutdown();
  }
}
