import type { RealtimeClient } from '../client/index.js';

// client → how often its identity has ended
const generations = new WeakMap<object, number>();

/** Starts to count. Each client is watched once, for as long as it exists. */
export function watchGenerations(client: RealtimeClient): void {
  if (generations.has(client)) return;
  generations.set(client, 0);
  client.on('identity', (identity) => {
    if (identity === null) generations.set(client, generationOf(client) + 1);
  });
}

/** A number that changes when the client goes on as another user, or is closed: what is of an earlier one is not shown. */
export function generationOf(client: RealtimeClient): number {
  return generations.get(client) ?? 0;
}
