import { metrics } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** What Prometheus reads: `name{label="value",…}` → value. Labels of the scope are left out, the others sorted. */
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

/** A meter provider of one instance: set it before the application starts, for the module takes the global one then. */
export class Meters {
  private readonly exporter = new PrometheusExporter({ preventServerStart: true });
  private readonly provider = new MeterProvider({ readers: [this.exporter] });

  /** Makes it the global one, instead of whichever there was. */
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
