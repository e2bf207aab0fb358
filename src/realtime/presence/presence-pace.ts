import type { Lease } from '../cluster/instances/lease.js';

/** Number of channels that an instance renews per second. It reads a third as many. */
const CHANNELS_PER_SECOND = 1_000;

/** Maximum time until a channel is renewed, for any number of channels, in milliseconds. */
export const MAX_RENEW_MS = 150_000;

/**
 * Interval in which each channel with presence is renewed. A client can keep thousands of channels open without sending
 * anything, so their cost per second must not grow with their number.
 */
export class PresencePace {
  constructor(
    private readonly lease: Pick<Lease, 'renewMs'>,
    private readonly channels: { readonly size: number },
  ) {}

  get renewMs(): number {
    const paced = (this.channels.size / CHANNELS_PER_SECOND) * 1_000;
    return Math.max(this.lease.renewMs, Math.min(MAX_RENEW_MS, paced));
  }
}
