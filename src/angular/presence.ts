import { computed, signal, type Signal } from '@angular/core';
import { findChannel, useableChannel } from '../bindings/find-channel.js';
import {
  presenceState,
  watchOccupancy,
  type Presence,
  type PresenceState,
  type RealtimeClient,
} from '../client/index.js';
import { effectPerName, namesIn, signalPerName, type ChannelName, type Names } from './channel-input.js';
import { injectRealtimeClient } from './provider.js';

/**
 * Returns the members of a channel, with their info and state, kept up to date; `null` until the server has sent them.
 * Subscribes to the channel, so the user becomes a member too.
 * @param channel a channel with presence, or a function that returns it
 */
export function injectPresence<Info = unknown, State = unknown>(
  channel: ChannelName,
): Signal<Presence<Info, State> | null> {
  return presenceOf(injectRealtimeClient(), namesIn(channel));
}

/**
 * Returns a function that shows a state of this user to the members of a channel: a cursor, typing, a status. It can be
 * called at any rate; `null` shows no state. Subscribes to the channel until the component is destroyed, which removes
 * the state.
 *
 *     readonly typing = injectPresenceState<{ typing: boolean }>('rooms:lobby');
 *     <input (input)="typing({ typing: true })" (blur)="typing(null)" />
 *
 * @param channel a channel whose definition has `presence: { state: true }`, or a function that returns it. Another
 *   channel begins without a state
 */
export function injectPresenceState<State = unknown>(channel: ChannelName): (state: State | null) => void {
  return presenceStateOf(injectRealtimeClient(), namesIn(channel));
}

/**
 * Returns the number of subscriptions of a channel over all instances, kept up to date; `null` until the server has sent
 * it, and on a channel without `occupancy`. Subscribes to the channel, so it counts this client too.
 */
export function injectOccupancy(channel: ChannelName): Signal<number | null> {
  return occupancyOf(injectRealtimeClient(), namesIn(channel));
}

export function presenceOf<Info, State>(client: RealtimeClient, names: Names): Signal<Presence<Info, State> | null> {
  return signalPerName(
    names,
    ([name]) => (name === undefined ? null : (findChannel(client, name).presence as Presence<Info, State> | null)),
    (name, changed) => {
      const channel = useableChannel(client, name);
      if (channel === null) return () => undefined;
      const stops = [channel.on('presence', changed), channel.subscribe({ presence: true })];
      return () => stops.forEach((stop) => stop());
    },
  );
}

export function presenceStateOf<State>(client: RealtimeClient, names: Names): (state: State | null) => void {
  let own: PresenceState<State> | null = null;
  // The state that was set before the first render.
  let early: State | null = null;
  effectPerName(names, (name) => {
    const channel = useableChannel(client, name);
    if (channel === null) return () => undefined;
    const leave = channel.subscribe();
    const shown = (own = presenceState<State>(client, name));
    if (early !== null) shown.set(early);
    early = null;
    return () => {
      if (own === shown) own = null;
      shown.stop();
      leave();
    };
  });
  return (state) => {
    if (own) own.set(state);
    else early = state;
  };
}

export function occupancyOf(client: RealtimeClient, names: Names): Signal<number | null> {
  const counted = signal<{ readonly of: string; readonly count: number } | null>(null);
  effectPerName(names, (name) =>
    useableChannel(client, name) === null
      ? () => undefined
      : watchOccupancy(client, name, (count) => counted.set({ of: name, count })),
  );
  return computed(() => {
    const last = counted();
    return last !== null && last.of === names()[0] ? last.count : null;
  });
}
