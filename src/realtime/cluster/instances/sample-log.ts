import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { Counters } from '../../observability/counters.js';
import { safely } from '../../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { InstanceHealth } from './instance-health.js';
import type { Sample } from './instance-report.js';

/** Interval between samples, in milliseconds. All instances sample at multiples of it, so that their samples add up. */
export const SAMPLE_MS = 5_000;
/** Samples that are kept: those of five minutes. */
export const MAX_SAMPLES = 60;

/** The metrics of this instance over the last five minutes, with the option `operatorApi`. */
@Injectable()
export class SampleLog implements OnApplicationBootstrap, OnApplicationShutdown {
  private samples: readonly Sample[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
    private readonly health: InstanceHealth,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /** The kept samples, oldest first. */
  get all(): readonly Sample[] {
    return this.samples;
  }

  onApplicationBootstrap(): void {
    if (this.options.operatorApi) this.sample();
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private sample(): void {
    this.health.watch(); // latency is measured from the start, so that there is one when a console opens
    const at = Date.now();
    const { published, delivered } = this.counters;
    const deliveryP99Ms = this.health.deliveryMs?.p99 ?? null;
    const taken: Sample = { at, connections: this.registry.size, published, delivered, deliveryP99Ms };
    this.samples = [...this.samples, taken].slice(-MAX_SAMPLES);
    this.timer = setTimeout(
      safely('Sampling the metrics', () => this.sample()),
      untilNext(at),
    ).unref();
  }
}

/** Returns the time until the next sample. A timer that fires too early does not cause a second sample. */
export function untilNext(at: number): number {
  const wait = SAMPLE_MS - (at % SAMPLE_MS);
  return wait < SAMPLE_MS / 2 ? wait + SAMPLE_MS : wait;
}
