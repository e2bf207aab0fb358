import type { InstanceStats } from '../../../protocol/index.js';
import type { TopicStats } from '../../connections/connection-registry.js';

/** A counter by label, such as a close code. */
export interface LabelCount {
  readonly label: string;
  readonly count: number;
}

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
  /** Host name of the machine or the container. */
  readonly host: string;
  /** Closed connections by close code, and `error` frames by code, since the start. Counters at 0 are left out. */
  readonly closed: readonly LabelCount[];
  readonly errors: readonly LabelCount[];
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

/** Metrics of one instance at one time. Counters start at zero when the instance starts. */
export interface Sample {
  /** Milliseconds since 1970, by the clock of the instance. */
  readonly at: number;
  readonly connections: number;
  readonly published: number;
  readonly delivered: number;
  /** 99th percentile from `emit` to the sockets, in milliseconds; `null` if nothing was delivered in the last 10 to 20 s. */
  readonly deliveryP99Ms: number | null;
}

/** The report of one instance about one tenant. */
export type TenantReport = Omit<InstanceReport, 'health'>;
