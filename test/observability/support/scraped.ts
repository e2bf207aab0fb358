import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** Samples as Prometheus reads them: `name{label="value",…}` → value. Without scope labels; the others are sorted. */
export type Scraped = ReadonlyMap<string, number>;

export function parseScraped(text: string): Scraped {
  const found = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (name === undefined) continue;
    const own = labels.match(/\w+="(?:[^"\\]|\\.)*"/g)?.filter((label) => !label.startsWith('otel_scope_')) ?? [];
    found.set(own.length === 0 ? name : `${name}{${own.toSorted().join(',')}}`, Number(value));
  }
  return found;
}

/** Meter provider of one instance. Install it before the application starts, because the module uses the global one. */
export class Meters {
  private readonly exporter = new PrometheusExporter({ preventServerStart: true });
  private readonly provider = new MeterProvider({ readers: [this.exporter] });

  /** Replaces the global meter provider. */
  install(): this {
    metrics.disable();
    metrics.setGlobalMeterProvider(this.provider);
    return this;
  }

  async scrape(): Promise<Scraped> {
    const { resourceMetrics, errors } = await this.exporter.collect();
    if (errors.length > 0) throw new Error(`Collecting failed: ${errors.map(String).join(', ')}`);
    return parseScraped(new PrometheusSerializer().serialize(resourceMetrics));
  }

  async end(): Promise<void> {
    metrics.disable();
    await this.provider.shutdown();
  }
}
