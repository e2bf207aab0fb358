import { afterRenderEffect, DestroyRef, inject, signal, untracked, type Signal } from '@angular/core';
import type { EventOn, KnownChannels } from '../bindings/channel-names.js';
import { LiveEvents } from '../bindings/live-events.js';
import type { RealtimeClient, Reset } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { namesIn, type ChannelInput, type Names } from './channel-input.js';
import { joinChannels, type InjectChannelOptions } from './channel.js';
import { injectRealtimeClient } from './provider.js';

/** Options of `injectEvents`. */
export interface InjectEventsOptions extends InjectChannelOptions {
  /** Number of recent events to keep. @default 100 */
  readonly limit?: number | undefined;
}

/** Type of `injectEvents` for the channels of an event map. */
export type InjectEvents<E extends object> = <const C extends string>(
  channels: ChannelInput<C> & KnownChannels<E, C>,
  options?: InjectEventsOptions,
) => Signal<readonly EventOn<C, E>[]>;

/**
 * Subscribes to one or more channels, like `injectChannel`, and returns their recent events, oldest first. The signal
 * changes at most once per frame, at any event rate. If the channels change, the remaining ones keep their events.
 */
export function injectEvents<const C extends string>(
  channels: ChannelInput<C> & KnownChannels<RealtimeEvents, C>,
  options?: InjectEventsOptions,
): Signal<readonly EventOn<C>[]> {
  return eventsOf(injectRealtimeClient(), namesIn(channels), options);
}

/** Implements `injectEvents` for any event map. */
export function eventsOf<Event extends { readonly channel: string }>(
  client: RealtimeClient,
  names: Names,
  options: InjectEventsOptions = {},
): Signal<readonly Event[]> {
  const { limit = 100, last, onReset } = options;
  const live = new LiveEvents<Event>(limit);
  const events = signal<readonly Event[]>([]);
  const stops = [live.subscribe(() => events.set(live.snapshot(client))), live.watch(client)];
  inject(DestroyRef).onDestroy(() => stops.forEach((stop) => stop()));
  afterRenderEffect({
    read: () => {
      const now = names();
      untracked(() => live.keepOnly(now));
    },
  });
  // The last events follow: without the older ones the list has no gap and no duplicate.
  const restart = (reset: Reset): void | Promise<void> => {
    if (last) live.drop(reset.channel);
    return onReset?.(reset);
  };
  joinChannels<Event>(client, names, (event) => live.add(client, event), { ...options, onReset: restart });
  return events.asReadonly();
}
