import type { ClientChannel, SubscriptionChanges } from './channel.js';
import type { Stop } from './types.js';

/** Part of a channel's `sync`. @param next adds the channel's changes */
export type SyncStep = (
  changes: SubscriptionChanges | null,
  next: (changes: SubscriptionChanges | null) => void,
) => void;

// channel → its steps, the newest last
const steps = new WeakMap<ClientChannel, Set<SyncStep>>();

/**
 * Adds a step to a channel's `sync`, for parts of the client that are not in its core. Steps can be removed in any order.
 * @returns a function that removes it
 */
export function addSyncStep(channel: ClientChannel, step: SyncStep): Stop {
  let added = steps.get(channel);
  if (!added) {
    const all = (added = new Set());
    const own = channel.sync.bind(channel);
    steps.set(channel, all);
    channel.sync = (changes) => {
      let run = own;
      for (const each of all) {
        const next = run;
        run = (given) => each(given, next);
      }
      run(changes);
    };
  }
  added.add(step);
  return () => void added.delete(step);
}
