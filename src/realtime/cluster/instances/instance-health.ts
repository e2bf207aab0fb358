import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { hostname } from 'node:os';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import type { CounterMap } from '../../observability/counter-map.js';
import { Counters } from '../../observability/counters.js';
import { LoopDelay } from '../../observability/loop-delay.js';
import { RecentDurations, WINDOW_MS } from '../../observability/recent-durations.js';
import { safely } from '../../observability/run-safely.js';
import type { HealthReport, LabelCount } from './instance-report.js';

/** Time for which measurements continue after the last read, in milliseconds. */
const MEASURE_MS = 60_000;

/** Maximum length of a host name, in characters. */
export const MAX_HOST = 255;

/** Health of this instance. Expensive metrics are measured only while they are read, or sampled. */
@Injectable()
export class InstanceHealth implements OnApplicationShutdown {
  /** The instance is draining its connections to shut down. */
  draining = false;
  /** Host name of the machine or the container. */
  readonly host = hostname().slice(0, MAX_HOST);
  private readonly loop = new LoopDelay();
  private delivery = new RecentDurations(0);
  private timer: NodeJS.Timeout | null = null;
  private endMeasuring: (() => void) | null = null;

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
  ) {}

  onApplicationShutdown(): void {
    this.stopMeasuring();
  }

  /** Starts or prolongs measurements for a minute. */
  watch(): void {
    if (this.timer !== null) {
      this.timer.refresh();
      return;
    }
    this.timer = setTimeout(
      safely('Measuring this instance', () => this.stopMeasuring()),
      MEASURE_MS,
    ).unref();
    this.loop.start(performance.now());
    this.delivery = new RecentDurations(performance.now() + WINDOW_MS);
    this.endMeasuring = this.counters.measure({
      published: () => undefined,
      // Clocks of instances differ slightly; a delivery time is never negative.
      batch: (_topic, _events, _deliveries, oldestAt) =>
        this.delivery.record(Math.max(0, Date.now() - oldestAt), performance.now()),
      replayed: () => undefined,
      policyAnswered: () => undefined,
      called: () => undefined,
    });
  }

  /** Recent delivery times; `null` if nothing was delivered or measured. */
  get deliveryMs(): HealthReport['deliveryMs'] {
    return this.timer === null ? null : this.delivery.percentiles(performance.now());
  }

  report(): HealthReport {
    const now = performance.now();
    let bufferedBytes = 0;
    for (const { sendBuffer } of this.registry.all()) bufferedBytes += sendBuffer.bufferedBytes;
    return {
      draining: this.draining,
      deliveryMs: this.deliveryMs,
      eventLoopDelayMs: this.timer === null ? 0 : Math.round(this.loop.recentMax(now)),
      bufferedBytes,
      host: this.host,
      closed: countsOf(this.counters.closed),
      errors: countsOf(this.counters.errorsSent),
      startedAt: Math.round(performance.timeOrigin + this.counters.startedAt),
      seenAt: Date.now(),
    };
  }

  private stopMeasuring(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.loop.stop();
    this.endMeasuring?.();
    this.endMeasuring = null;
  }
}

function countsOf(counters: CounterMap): LabelCount[] {
  return [...counters].flatMap(([label, count]) => (count > 0 ? [{ label, count }] : []));
}
