/**
 * The port through which instances find each other.
 *
 * Guarantees: an instance that announces itself every `renewMs` counts as live on every instance. A killed instance no
 * longer counts after `leaseMs`. Not guaranteed: that a report is the latest one.
 */
export abstract class InstanceDirectory {
  /** The id of this instance: unique, of A-Z a-z 0-9, at most 64 characters. */
  abstract readonly id: string;

  /** True if there can be no other instance, so that announcements are unnecessary. */
  abstract readonly isAlone: boolean;

  /** Number of times this instance was registered. An increase means that its lease had expired or data was lost. */
  abstract readonly registrations: number;

  /** Calls back when announcing becomes possible (again). */
  abstract onReachable(callback: () => void): void;

  /**
   * Registers this instance, or renews its lease, and replaces its report.
   * @param report opaque, up to about 100 KB
   * @throws RealtimeUnavailableError
   */
  abstract announce(report: string): Promise<void>;

  /** Returns the reports of all live instances by id, this one included. @throws RealtimeUnavailableError */
  abstract all(): Promise<ReadonlyMap<string, string>>;

  /** Returns the live ones of the given instances. This instance is always live. @throws RealtimeUnavailableError */
  abstract living(instances: Iterable<string>): Promise<ReadonlySet<string>>;

  /**
   * Removes this instance from the reports; it still counts as live for a while.
   * @param lingerMs time for which the data of its connections remains valid, so that clients can reconnect elsewhere
   * @throws RealtimeUnavailableError
   */
  abstract leave(lingerMs: number): Promise<void>;
}
