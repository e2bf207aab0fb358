import type { ClientRequest } from '../../protocol/index.js';

/** Frames up to this size cost nothing to read. */
const FREE_BYTES = 1_024;

/** Reading and parsing a frame takes the processor as long as sending an eighth of its bytes as answers. */
const BYTES_PER_COST = 8;

/** What each further channel of a request costs, in bytes: more than its answer weighs, and about what its work takes. */
export const SUBSCRIBE_COST = 1_024;
export const UNSUBSCRIBE_COST = 256;

/** What a frame costs before anything in it is read, in bytes, after decompression: few may become many there. */
export function costOfReading(bytes: number): number {
  return bytes <= FREE_BYTES ? 0 : bytes / BYTES_PER_COST;
}

/** What a request costs before it is carried out, in bytes. Answers that turn out larger are charged after it. */
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
