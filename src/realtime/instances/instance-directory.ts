import type { InstanceStats } from '../../protocol/index.js';
import type { TopicStats } from '../connections/connection-registry.js';

/** How an instance does, for operators. Moments are milliseconds since 1970. */
export interface HealthReport {
  /** The instance is draining its connections to shut down. */
  readonly draining: boolean;
  /**
   * From `emit` to the sockets, in the last 10 to 20 s, in milliseconds; `null` if nothing was delivered or measured.
   */
  readonly deliveryMs: { readonly p50: number; readonly p99: number } | null;
  /** The longest delay of the event loop within the last second, in milliseconds; 0 while it is not measured. */
  readonly eventLoopDelayMs: number;
  /** Bytes waiting in all send buffers. */
  readonly bufferedBytes: number;
  readonly startedAt: number;
  /** When this was said. */
  readonly seenAt: number;
}

/** The report of one instance. */
export interface InstanceReport {
  readonly stats: InstanceStats;
  readonly health: HealthReport;
  /** Its users and its topics as sketches (see `Distinct`), to count them across instances. */
  readonly users: string;
  readonly topicNames: string;
  /** Its busiest topics, most subscribers first. */
  readonly topics: readonly TopicStats[];
}

/** The report of one instance about one tenant. */
export type TenantReport = Omit<InstanceReport, 'health'>;

/**
 * The port behind which instances know of each other.
 *
 * It promises: an instance that announces itself every `renewMs` is among the living; one that stopped without a word is
 * not, once its lease is over. It does not promise that a report is newer than the last announcement.
 */
export abstract class InstanceDirectory {
  /** This instance, of which no two ever have the same. */
  abstract readonly id: string;

  /** True if there can be no other instance, so that announcements are unnecessary. */
  abstract readonly isAlone: boolean;

  /**
   * The number of times this instance was registered. An increase means that its lease had expired or data was lost.
   */
  abstract readonly entries: number;

  /** Calls back when announcing has become possible (again). */
  abstract onReachable(callback: () => void): void;

  /** Says that this instance lives, and what it does. @throws RealtimeUnavailableError */
  abstract announce(report: InstanceReport): Promise<void>;

  /** The reports of all that announced themselves and live, this one included. @throws RealtimeUnavailableError */
  abstract all(): Promise<ReadonlyMap<string, InstanceReport>>;

  /** Which of these instances live; this one always does. @throws RealtimeUnavailableError */
  abstract living(instances: Iterable<string>): Promise<ReadonlySet<string>>;

  /**
   * Removes this instance from the reports; it still counts as live for a while.
   * @param lingerMs time for which the data of its connections remains valid, so that clients can reconnect elsewhere
   * @throws RealtimeUnavailableError
   */
  abstract leave(lingerMs: number): Promise<void>;
}
