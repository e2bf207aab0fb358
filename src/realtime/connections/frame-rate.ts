import { TokenBucket } from '../timing/token-bucket.js';

/** Maximum number of channels in one frame. A frame with more counts as several frames. */
const CHANNELS_PER_FRAME = 10;

/**
 * Limits the frame rate of one connection. It also detects flooding: as many rejections in a row as the bucket holds, without a
 * pause long enough to refill half of it. A client that only slightly exceeds the rate does not reach that.
 */
export class FrameRate {
  private readonly bucket: TokenBucket;
  private refused = 0;

  /** @param now monotonic clock, in milliseconds */
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

  /** Charges a frame that names many channels as several frames. The frame itself is always handled. */
  chargeChannels(count: number): void {
    if (count > CHANNELS_PER_FRAME) this.bucket.owe(count / CHANNELS_PER_FRAME - 1);
  }

  /** True if the client kept sending after rejections and must be disconnected. */
  get flooding(): boolean {
    return this.refused >= this.bucket.capacity;
  }
}
