import type { InstanceStats } from '../../protocol/index.js';
import type { TopicStats } from '../connections/connection-registry.js';

/** Health of an instance, for operators. Times are in milliseconds since 1970. */
export interface HealthReport {
  /** The instance is draining its connections to shut down. */
  readonly draining: boolean;
  /**
   * Time from `emit` to the sockets over the last 10 to 20 s, in milliseconds; `null` if nothing was delivered or
   * measured.
   */
  readonly deliveryMs: { readonly p50: number; readonly p99: number } | null;
  /** Maximum delay of the event loop within the last second, in milliseconds; 0 while it is not measured. */
  readonly eventLoopDelayMs: number;
  /** Bytes waiting in all send buffers. */
  readonly bufferedBytes: number;
  readonly startedAt: number;
  /** Time of the report. */
  readonly seenAt: number;
}

/** The report of one instance. */
export interface InstanceReport {
  readonly stats: InstanceStats;
  readonly health: HealthReport;
  /** Sketches of users and topics (see `DistinctCounter`), to count them across instances. */
  readonly users: string;
  readonly topicNames: string;
  /** The busiest topics, most subscribers first. */
  readonly topics: readonly TopicStats[];
}

/** The report of one instance about one tenant. */
export type TenantReport = Omit<InstanceReport, 'health'>;
