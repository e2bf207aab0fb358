import { createEffect, createSignal, onCleanup, onMount, untrack, type Accessor } from 'solid-js';
import { keyOf, namesOf, type EventOn, type KnownChannels, type OneOrMany } from '../bindings/channel-names.js';
import { UsedChannels, type ChannelOptions } from '../bindings/used-channels.js';
import { UsedEvents, type EventsOptions } from '../bindings/used-events.js';
import type { RealtimeClient } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { contextClient, valueOf, type MaybeAccessor } from './provide.js';

/** Options of `useChannel`. */
export type UseChannelOptions = ChannelOptions;

/** Options of `useEvents`. */
export type UseEventsOptions = EventsOptions;

/** Type of `useChannel` for the channels of an event map. */
export type UseChannel<E extends object> = <const C extends string>(
  channels: MaybeAccessor<OneOrMany<C>> & KnownChannels<E, C>,
  onEvent?: (event: EventOn<C, E>) => void | Promise<void>,
  options?: MaybeAccessor<UseChannelOptions>,
) => void;

/** Type of `useEvents` for the channels of an event map. */
export type UseEvents<E extends object> = <const C extends string>(
  channels: MaybeAccessor<OneOrMany<C>> & KnownChannels<E, C>,
  options?: MaybeAccessor<UseEventsOptions>,
) => Accessor<readonly EventOn<C, E>[]>;

/**
 * Subscribes to one or more channels while the component is mounted.
 * @param channels names, or an accessor of them: if the names change, only those that differ are subscribed or
 *   unsubscribed
 * @param onEvent if it returns a promise, the next event waits for it
 * @param options options, or an accessor of them
 */
export function useChannel<const C extends string>(
  channels: MaybeAccessor<OneOrMany<C>> & KnownChannels<RealtimeEvents, C>,
  onEvent?: (event: EventOn<C>) => void | Promise<void>,
  options: MaybeAccessor<UseChannelOptions> = {},
): void {
  useNamedChannels(channels, onEvent, options);
}

/** Implements `useChannel` for any event map. */
export function useNamedChannels<Event>(
  channels: MaybeAccessor<string | readonly string[]>,
  onEvent?: (event: Event) => void | Promise<void>,
  options: MaybeAccessor<UseChannelOptions> = {},
): void {
  const used = new UsedChannels<Event>(() => ({ onEvent, options: untrack(() => valueOf(options)) }));
  whileMounted(channels, options, used);
}

/**
 * Subscribes to one or more channels while the component is mounted, and returns their recent events, oldest first. The
 * list changes at most once per frame, at any event rate. If the channels change, the remaining ones keep their events.
 */
export function useEvents<const C extends string>(
  channels: MaybeAccessor<OneOrMany<C>> & KnownChannels<RealtimeEvents, C>,
  options: MaybeAccessor<UseEventsOptions> = {},
): Accessor<readonly EventOn<C>[]> {
  return useNamedEvents(channels, options);
}

/** Implements `useEvents` for any event map. */
export function useNamedEvents<Event extends { readonly channel: string }>(
  channels: MaybeAccessor<string | readonly string[]>,
  options: MaybeAccessor<UseEventsOptions> = {},
): Accessor<readonly Event[]> {
  const [events, setEvents] = createSignal<readonly Event[]>([]);
  const show = (): void => void setEvents(() => used.snapshot());
  const used = new UsedEvents<Event>(() => untrack(() => valueOf(options)), show);
  whileMounted(channels, options, used, show);
  return events;
}

interface Used<Options> {
  use(client: RealtimeClient, channels: readonly string[], options: Options): void;
  end(): void;
}

/** Uses channels while the component is mounted, and follows changes of the client, the names and the options. */
function whileMounted<Options extends object>(
  channels: MaybeAccessor<string | readonly string[]>,
  options: MaybeAccessor<Options>,
  used: Used<Options>,
  changed: () => void = () => undefined,
): void {
  const client = contextClient();
  createEffect(() => {
    const [from, names, given] = [client(), namesOf(keyOf(valueOf(channels))), { ...valueOf(options) }];
    untrack(() => used.use(from, names, given));
    changed();
  });
  onMount(() => onCleanup(() => used.end()));
}
