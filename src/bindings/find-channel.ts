import { RealtimeError, type Channel, type ChannelChange, type RealtimeClient } from '../client/index.js';
import { REPORT } from '../client/errors.js';

const nothing = (): void => undefined;

/**
 * Returns the channel of a name. For an invalid name, returns a channel that is permanently `refused`: an invalid name,
 * perhaps from a URL, must not unmount the tree.
 */
export function findChannel(client: RealtimeClient, name: string): Pick<Channel, 'change' | 'presence' | 'on'> {
  try {
    return client.channel<string>(name);
  } catch (error) {
    return { change: refusal(name, error as RealtimeError), presence: null, on: () => nothing };
  }
}

/**
 * Returns the channel to subscribe to. For an invalid name, reports the error to the client's `error` listeners and
 * returns `null`.
 */
export function useableChannel(client: RealtimeClient, name: string): Channel | null {
  try {
    return client.channel<string>(name);
  } catch (error) {
    report(client, error);
    return null;
  }
}

/** Reports an error to the client's `error` listeners. */
export function report(client: object, error: unknown): void {
  (client as { [REPORT]?: (error: unknown) => void })[REPORT]?.(error);
}

// name → its refusal. The object is stable, as `useSyncExternalStore` requires of a snapshot.
const refusals = new Map<string, ChannelChange>();

function refusal(name: string, error: RealtimeError): ChannelChange {
  let change = refusals.get(name);
  if (!change) {
    change = { state: 'refused', previous: 'unsubscribed', code: 'refused', reason: error.message, error };
    if (refusals.size >= 100) refusals.clear();
    refusals.set(name, change);
  }
  return change;
}
