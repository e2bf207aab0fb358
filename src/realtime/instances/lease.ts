/** For how long an instance counts as living after it was last heard of. Values that a test may shorten before the start. */
export class Lease {
  /** An instance that was not heard of for so long is dead, in milliseconds. */
  leaseMs = 15_000;
  /** How often it makes itself heard, in milliseconds. */
  renewMs = 5_000;
}
