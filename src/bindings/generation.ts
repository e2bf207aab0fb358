import type { RealtimeClient } from '../client/index.js';

// client → number of times that its identity ended
const generations = new WeakMap<object, number>();

/** Starts counting. Each client is watched once, for its lifetime. */
export function watchGenerations(client: RealtimeClient): void {
  if (generations.has(client)) return;
  generations.set(client, 0);
  client.on('identity', (identity) => {
    if (identity === null) generations.set(client, generationOf(client) + 1);
  });
}

/**
 * Returns a number that changes when the client continues as another user or is closed. Data of an earlier generation
 * is not shown.
 */
export function generationOf(client: RealtimeClient): number {
  return generations.get(client) ?? 0;
}
