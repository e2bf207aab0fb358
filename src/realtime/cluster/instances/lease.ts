/**
 * Lease of an instance: the instance counts as live for this time after its last announcement. Tests can shorten the
 * values before the start.
 */
export class Lease {
  /** Time after the last announcement until an instance counts as dead, in milliseconds. */
  leaseMs = 15_000;
  /** Interval between announcements, in milliseconds. */
  renewMs = 5_000;
}
