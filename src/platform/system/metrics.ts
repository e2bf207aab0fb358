import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Resource usage of this process. */
export interface Metrics {
  /** CPU usage since the last reading: 0.5 is half of one processor. */
  readonly cpu: number;
  /** Resident memory, in bytes. */
  readonly memoryBytes: number;
  readonly heapBytes: number;
  /** 99th percentile since the last reading, in milliseconds. */
  readonly eventLoopDelayMs: number;
  /** WebSocket connections of this instance. */
  readonly connections: number;
  readonly uptimeSeconds: number;
}

/** Reads the metrics of this process. CPU usage and percentiles cover the time since the last reading. */
export class MetricsReader {
  private readonly delays = monitorEventLoopDelay();
  private cpu = process.cpuUsage();
  private readAt = process.hrtime.bigint();

  constructor() {
    this.delays.enable();
  }

  read(connections: number): Metrics {
    const now = process.hrtime.bigint();
    const { user, system } = process.cpuUsage(this.cpu);
    const elapsedMicroseconds = Number(now - this.readAt) / 1_000;
    const { rss, heapUsed } = process.memoryUsage();
    const metrics: Metrics = {
      cpu: round((user + system) / Math.max(1, elapsedMicroseconds)),
      memoryBytes: rss,
      heapBytes: heapUsed,
      eventLoopDelayMs: round(this.delays.percentile(99) / 1e6),
      connections,
      uptimeSeconds: Math.round(process.uptime()),
    };
    this.cpu = process.cpuUsage();
    this.readAt = now;
    this.delays.reset();
    return metrics;
  }

  stop(): void {
    this.delays.disable();
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
