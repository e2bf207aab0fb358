import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react';
import { presenceState, type Presence, type PresenceState } from '../client/index.js';
import { keyOf } from '../bindings/channel-names.js';
import { findChannel, useableChannel } from '../bindings/find-channel.js';
import { useRealtimeClient } from './provider.js';
import { useStableSubscriptions } from './stable-subscriptions.js';

/**
 * Returns the members of a channel, with their info and state, kept up to date; `null` until the server has sent them.
 * Subscribes to the channel, so the user becomes a member too.
 * @param channel a channel with presence
 */
export function usePresence<Info = unknown, State = unknown>(channel: string): Presence<Info, State> | null {
  const client = useRealtimeClient();
  useEffect(() => useableChannel(client, channel)?.subscribe({ presence: true }), [client, channel]);
  const subscribe = useCallback(
    (changed: () => void) => findChannel(client, channel).on('presence', changed),
    [client, channel],
  );
  return useSyncExternalStore(
    subscribe,
    () => findChannel(client, channel).presence as Presence<Info, State> | null,
    () => null,
  );
}

/**
 * Returns a stable function that shows a state of this user to the members of a channel: a cursor, typing, a status. It
 * can be called at any rate, also in an effect; `null` shows no state. Subscribes to the channel while the component is
 * mounted, and removes the state at its end.
 *
 *     const setState = usePresenceState<{ typing: boolean }>('rooms:lobby');
 *     <input onInput={() => setState({ typing: true })} onBlur={() => setState(null)} />
 *
 * @param channel a channel whose definition has `presence: { state: true }`
 */
export function usePresenceState<State = unknown>(channel: string): (state: State | null) => void {
  const client = useRealtimeClient();
  const own = useRef<PresenceState<State> | null>(null);
  // The last state of this channel, to show it again if the component was hidden.
  const last = useRef<{ readonly client: unknown; readonly channel: string; readonly state: State | null } | null>(
    null,
  );
  useStableSubscriptions<void>(keyOf(channel), client, (name) => {
    const found = useableChannel(client, name);
    if (found === null) return () => undefined;
    const leave = found.subscribe();
    const shown = presenceState<State>(client, name);
    own.current = shown;
    if (last.current?.channel === name && last.current.client === client) shown.set(last.current.state);
    return () => {
      if (own.current === shown) own.current = null;
      shown.stop();
      leave();
    };
  });
  return useCallback(
    (state) => {
      last.current = { client, channel, state };
      own.current?.set(state);
    },
    [client, channel],
  );
}
