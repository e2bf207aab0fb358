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

/**
 * Port through which instances discover each other.
 *
 * Guarantees: an instance that announces itself every `renewMs` is live; an instance that stopped without leaving is not
 * live after its lease expired. A report can be older than the last announcement.
 */
export abstract class InstanceDirectory {
  /** Id of this instance, unique among all instances. */
  abstract readonly id: string;

  /** True if there can be no other instance, so that announcements are unnecessary. */
  abstract readonly isAlone: boolean;

  /** Number of times this instance was registered. An increase means that its lease had expired or data was lost. */
  abstract readonly entries: number;

  /** Calls back when announcing becomes possible (again). */
  abstract onReachable(callback: () => void): void;

  /** Announces this instance with a report. @throws RealtimeUnavailableError */
  abstract announce(report: InstanceReport): Promise<void>;

  /** Returns the reports of all live instances, including this one. @throws RealtimeUnavailableError */
  abstract all(): Promise<ReadonlyMap<string, InstanceReport>>;

  /** Returns the instances that are live; this one always is. @throws RealtimeUnavailableError */
  abstract living(instances: Iterable<string>): Promise<ReadonlySet<string>>;

  /**
   * Removes this instance from the reports; it still counts as live for a while.
   * @param lingerMs time for which the data of its connections remains valid, so that clients can reconnect elsewhere
   * @throws RealtimeUnavailableError
   */
  abstract leave(lingerMs: number): Promise<void>;
}
