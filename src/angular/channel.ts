import type { Signal } from '@angular/core';
import type { EventOn, KnownChannels } from '../bindings/channel-names.js';
import { findChannel } from '../bindings/find-channel.js';
import { UNSUBSCRIBED } from '../bindings/initial-states.js';
import { joinChannel, type JoinOptions } from '../bindings/join-channel.js';
import type { ChannelChange, RealtimeClient } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import {
  effectPerName,
  namesIn,
  signalPerName,
  type ChannelInput,
  type ChannelName,
  type Names,
} from './channel-input.js';
import { injectRealtimeClient } from './provider.js';

/** Options of `injectChannel`. */
export interface InjectChannelOptions extends Omit<JoinOptions, 'after'> {
  /**
   * Position to resume from, by channel: the `lastEventId` that was returned with the loaded data. Events between loading
   * and subscribing are then replayed. A function, such as a signal, is read when a channel is subscribed. Ignored for a
   * channel that already has a subscriber. @default live events only
   */
  readonly after?: JoinOptions['after'] | (() => JoinOptions['after']);
}

/** Type of `injectChannel` for the channels of an event map. */
export type InjectChannel<E extends object> = <const C extends string>(
  channels: ChannelInput<C> & KnownChannels<E, C>,
  onEvent?: (event: EventOn<C, E>) => void | Promise<void>,
  options?: InjectChannelOptions,
) => Signal<ChannelChange>;

/**
 * Subscribes to one or more channels until the component or service is destroyed. Begins after the first render, in the
 * browser only.
 * @param channels a function resubscribes only if the names change, and only to those that differ
 * @param onEvent called outside of Angular's zone. If it returns a promise, the next event waits for it
 * @returns the state of the channel; of several channels, of the first one that is not subscribed
 */
export function injectChannel<const C extends string>(
  channels: ChannelInput<C> & KnownChannels<RealtimeEvents, C>,
  onEvent?: (event: EventOn<C>) => void | Promise<void>,
  options?: InjectChannelOptions,
): Signal<ChannelChange> {
  return joinChannels(injectRealtimeClient(), namesIn(channels), onEvent, options);
}

/** Returns the state of a channel and its reason. Does not subscribe; `injectChannel` does. */
export function injectChannelState(channel: ChannelName): Signal<ChannelChange> {
  return stateOf(injectRealtimeClient(), namesIn(channel));
}

/** Implements `injectChannel` for any event map. */
export function joinChannels<Event>(
  client: RealtimeClient,
  names: Names,
  onEvent?: (event: Event) => void | Promise<void>,
  options: InjectChannelOptions = {},
): Signal<ChannelChange> {
  const state = stateOf(client, names);
  effectPerName(names, (name) => {
    const { after } = options;
    const joining = { onEvent, options: { ...options, after: typeof after === 'function' ? after() : after } };
    return joinChannel<Event>(client, name, () => joining);
  });
  return state;
}

export function stateOf(client: RealtimeClient, names: Names): Signal<ChannelChange> {
  return signalPerName(
    names,
    (now) => {
      const changes = now.map((name) => findChannel(client, name).change);
      return changes.find(({ state }) => state !== 'subscribed') ?? changes[0] ?? UNSUBSCRIBED;
    },
    (name, changed) => findChannel(client, name).on('state', changed),
  );
}
