import type { ClientRequest } from '../../protocol/index.js';

/** Frames up to this size are read for free. */
const FREE_BYTES = 1_024;

/** Reading and parsing a frame takes as much CPU time as sending an eighth of its bytes as answers. */
const BYTES_PER_COST = 8;

/**
 * Cost of each channel of a request, in bytes. It is larger than the answer and roughly equivalent to the processing
 * time.
 */
export const SUBSCRIBE_COST = 1_024;
export const UNSUBSCRIBE_COST = 256;

/** Returns the cost of decoding a frame. `bytes` counts after decompression. */
export function costOfReading(bytes: number): number {
  return bytes <= FREE_BYTES ? 0 : bytes / BYTES_PER_COST;
}

/** Returns the cost of a request before it runs, in bytes. Larger answers are charged afterwards. */
export function costOf(request: ClientRequest): number {
  switch (request.type) {
    case 'subscribe':
      return request.targets.length * SUBSCRIBE_COST;
    case 'unsubscribe':
      return request.channels.length * UNSUBSCRIBE_COST;
    case 'auth':
    case 'presence':
    case 'history':
      return 4_096;
    case 'list_channels':
      return 1_024;
    case 'stats':
      return 16_384;
    case 'ping':
      return 0;
  }
}
