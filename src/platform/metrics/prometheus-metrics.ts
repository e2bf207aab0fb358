import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** The SDK of this process: made before the modules are initialised, which is when the realtime module looks for one. */
@Injectable()
export class PrometheusMetrics implements OnApplicationShutdown {
  // It would open a port of its own; this process has one, with a guard in front.
  private readonly reader = new PrometheusExporter({ preventServerStart: true });
  private readonly provider = new MeterProvider({ readers: [this.reader] });
  private readonly serializer = new PrometheusSerializer();

  constructor() {
    metrics.setGlobalMeterProvider(this.provider);
  }

  /** Everything as it stands now, in Prometheus's text format. */
  async text(): Promise<string> {
    const { resourceMetrics } = await this.reader.collect();
    return this.serializer.serialize(resourceMetrics);
  }

  async onApplicationShutdown(): Promise<void> {
    metrics.disable();
    await this.provider.shutdown();
  }
}
