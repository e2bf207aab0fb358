import { RealtimeError, type Channel, type ChannelChange, type RealtimeClient } from '../client/index.js';
import { REPORT } from '../client/errors.js';

const nothing = (): void => undefined;

/**
 * The channel of a name. For a name that is not a channel's it is one that is refused for good: a wrong name, perhaps from a
 * URL, must not unmount the tree.
 */
export function findChannel(client: RealtimeClient, name: string): Pick<Channel, 'change' | 'presence' | 'on'> {
  try {
    return client.channel<string>(name);
  } catch (error) {
    return { change: refusal(name, error as RealtimeError), presence: null, on: () => nothing };
  }
}

/** The same for one that is subscribed to: a wrong name is reported to the client's `error` listeners. */
export function useableChannel(client: RealtimeClient, name: string): Channel | null {
  try {
    return client.channel<string>(name);
  } catch (error) {
    (client as { [REPORT]?: (error: unknown) => void })[REPORT]?.(error);
    return null;
  }
}

// name → its refusal: always the same object, as a store's snapshot has to be
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
