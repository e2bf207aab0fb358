import type { ClientFrame, SubscribeTarget } from '../protocol/index.js';

/** Names and ids that one frame holds, in characters: a server takes frames of 64 KiB unless it was told otherwise. */
const MAX_CHARACTERS = 32_768;

/** What asks for these channels: one frame, unless it would be larger than servers take. */
export function subscribeFrames(targets: readonly SubscribeTarget[], ref?: string): ClientFrame[] {
  const batches: SubscribeTarget[][] = [];
  let room = 0;
  for (const target of targets) {
    const size = JSON.stringify(target).length + 1;
    if (batches.length === 0 || size > room) {
      batches.push([]);
      room = MAX_CHARACTERS;
    }
    room -= size;
    batches.at(-1)!.push(target);
  }
  return batches.map((channels) => ({ type: 'subscribe', channels, ...(ref !== undefined && { ref }) }));
}
