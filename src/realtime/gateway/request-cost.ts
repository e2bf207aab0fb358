import type { ClientRequest } from '../../protocol/index.js';

/** Frames up to this size cost nothing to read. */
const FREE_BYTES = 1_024;

/** Reading and parsing a frame takes the processor as long as sending an eighth of its bytes as answers. */
const BYTES_PER_COST = 8;

/**
 * The cost of each further channel of a request, in bytes: larger than its answer, and roughly equivalent to its
 * processing time.
 */
export const SUBSCRIBE_COST = 1_024;
export const UNSUBSCRIBE_COST = 256;

/** The cost of decoding a frame, in bytes after decompression. */
export function costOfReading(bytes: number): number {
  return bytes <= FREE_BYTES ? 0 : bytes / BYTES_PER_COST;
}

/** The cost of a request before it runs, in bytes. Larger answers are charged afterwards. */
export function costOf(request: ClientRequest): number {
  switch (request.type) {
    case 'subscribe':
      return request.targets.length * SUBSCRIBE_COST;
    case 'unsubscribe':
      return request.channels.length * UNSUBSCRIBE_COST;
    case 'auth':
    case 'presence':
      return 4_096;
    case 'list_channels':
      return 1_024;
    case 'stats':
      return 16_384;
    case 'ping':
      return 0;
  }
}
