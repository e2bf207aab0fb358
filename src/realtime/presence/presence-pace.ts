import type { Lease } from '../instances/lease.js';

/** Channels that an instance renews in a second, and reads a third as often. */
const CHANNELS_PER_SECOND = 1_000;

/** A channel is renewed within this time, however many there are, in milliseconds. */
export const MAX_RENEW_MS = 150_000;

/**
 * How often each channel with presence is renewed. A client can hold thousands of channels open without sending anything, so
 * what they cost in a second must not grow with their number.
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
