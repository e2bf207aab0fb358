import type { InstanceStats } from '../../protocol/index.js';
import type { TopicStats } from '../connections/connection-registry.js';

/** How an instance does, for operators. Moments are milliseconds since 1970. */
export interface VitalsReport {
  /** It sends its connections away, and ends. */
  readonly draining: boolean;
  /** From `emit` to the sockets, in the last 10 to 20 s, in milliseconds; `null` where nothing was delivered, or nobody looked. */
  readonly deliveryMs: { readonly p50: number; readonly p99: number } | null;
  /** The longest delay of the event loop within the last second, in milliseconds; 0 while nobody looks. */
  readonly eventLoopDelayMs: number;
  /** What waits to be sent to all connections, in bytes. */
  readonly bufferedBytes: number;
  readonly startedAt: number;
  /** When this was said. */
  readonly seenAt: number;
}

/** What one instance says of itself. */
export interface InstanceReport {
  readonly stats: InstanceStats;
  readonly vitals: VitalsReport;
  /** Its users and its topics as sketches (see `Distinct`), to count them across instances. */
  readonly users: string;
  readonly topicNames: string;
  /** Its busiest topics, most subscribers first. */
  readonly topics: readonly TopicStats[];
}

/** What one instance says of one tenant. */
export type TenantReport = Omit<InstanceReport, 'vitals'>;

/**
 * The port behind which instances know of each other.
 *
 * It promises: an instance that announces itself every `renewMs` is among the living; one that stopped without a word is
 * not, once its lease is over. It does not promise that a report is newer than the last announcement.
 */
export abstract class InstanceDirectory {
  /** This instance, of which no two ever have the same. */
  abstract readonly id: string;

  /** Whether there can be no other instance: nothing need be announced then. */
  abstract readonly isAlone: boolean;

  /** How often this instance was entered anew: more than before means that it was taken for dead, or that data was lost. */
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
   * This instance ends: it is in no report any more, and counts among the living for a while yet.
   * @param lingerMs for how long what it said of its connections holds, so that these can come back elsewhere
   * @throws RealtimeUnavailableError
   */
  abstract leave(lingerMs: number): Promise<void>;
}
