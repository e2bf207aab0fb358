/** Frames up to this size are read for free. */
const FREE_BYTES = 1_024;

/** Reading and parsing a frame takes as much CPU time as sending an eighth of its bytes as answers. */
const BYTES_PER_COST = 8;

/**
 * Cost of each channel of a subscription, in bytes. It is larger than the answer and roughly equivalent to the processing
 * time.
 */
export const SUBSCRIBE_COST = 1_024;

/** Returns the cost of decoding a frame. `bytes` counts after decompression. */
export function costOfReading(bytes: number): number {
  return bytes <= FREE_BYTES ? 0 : bytes / BYTES_PER_COST;
}
