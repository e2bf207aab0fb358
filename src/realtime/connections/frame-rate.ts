import { TokenBucket } from '../limits/token-bucket.js';

/** Channels that one frame can name; a frame with more counts as several frames. */
const CHANNELS_PER_FRAME = 10;

/**
 * The rate of one connection's frames. Going on after refusals is counted too: as many refusals in a row as a full bucket
 * holds, without a pause long enough to refill it by half, is more than a client that slips over the rate.
 */
export class FrameRate {
  private readonly bucket: TokenBucket;
  private refused = 0;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(perSecond: number, now: number) {
    this.bucket = new TokenBucket(perSecond, now);
  }

  /** Returns true if another frame is within the rate. */
  take(now: number): boolean {
    if (this.bucket.tokens(now) >= this.bucket.capacity / 2) this.refused = 0;
    const taken = this.bucket.take(now);
    if (!taken) this.refused += 1;
    return taken;
  }

  /** Charges a frame that names many channels as several frames; it is handled in any case. */
  chargeChannels(count: number): void {
    if (count > CHANNELS_PER_FRAME) this.bucket.owe(count / CHANNELS_PER_FRAME - 1);
  }

  /** True if the client kept sending after refusals, so that it has to be closed. */
  get flooding(): boolean {
    return this.refused >= this.bucket.capacity;
  }
}
