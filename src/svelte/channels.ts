import { onMount } from 'svelte';
import { keyOf, namesOf, type EventOn, type KnownChannels, type OneOrMany } from '../bindings/channel-names.js';
import { UsedChannels, type ChannelOptions } from '../bindings/used-channels.js';
import { UsedEvents, type EventsOptions } from '../bindings/used-events.js';
import type { RealtimeClient, Stop } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { contextClient } from './provide.js';
import { createValue, followed, valueOf, type MaybeGetter, type RealtimeValue } from './realtime-value.js';

/** Options of `useChannel`. */
export type UseChannelOptions = ChannelOptions;

/** Options of `useEvents`. */
export type UseEventsOptions = EventsOptions;

/** Type of `useChannel` for the channels of an event map. */
export type UseChannel<E extends object> = <const C extends string>(
  channels: MaybeGetter<OneOrMany<C>> & KnownChannels<E, C>,
  onEvent?: (event: EventOn<C, E>) => void | Promise<void>,
  options?: MaybeGetter<UseChannelOptions>,
) => void;

/** Type of `useEvents` for the channels of an event map. */
export type UseEvents<E extends object> = <const C extends string>(
  channels: MaybeGetter<OneOrMany<C>> & KnownChannels<E, C>,
  options?: MaybeGetter<UseEventsOptions>,
) => RealtimeValue<readonly EventOn<C, E>[]>;

/**
 * Subscribes to one or more channels while the component is mounted. Call it while the component is created.
 * @param channels names, or a getter of them: if the names change, only those that differ are subscribed or unsubscribed
 * @param onEvent if it returns a promise, the next event waits for it
 * @param options options, or a getter of them
 */
export function useChannel<const C extends string>(
  channels: MaybeGetter<OneOrMany<C>> & KnownChannels<RealtimeEvents, C>,
  onEvent?: (event: EventOn<C>) => void | Promise<void>,
  options: MaybeGetter<UseChannelOptions> = {},
): void {
  useNamedChannels(channels, onEvent, options);
}

/** Implements `useChannel` for any event map. */
export function useNamedChannels<Event>(
  channels: MaybeGetter<string | readonly string[]>,
  onEvent?: (event: Event) => void | Promise<void>,
  options: MaybeGetter<UseChannelOptions> = {},
): void {
  const used = new UsedChannels<Event>(() => ({ onEvent, options: valueOf(options) }));
  const start = starting(channels, options, used);
  onMount(() => start(() => undefined));
}

/**
 * Returns the recent events of one or more channels, oldest first, and subscribes while they are shown. The list changes at
 * most once per frame, at any event rate. If the channels change, the remaining ones keep their events. Call it while the
 * component is created.
 */
export function useEvents<const C extends string>(
  channels: MaybeGetter<OneOrMany<C>> & KnownChannels<RealtimeEvents, C>,
  options: MaybeGetter<UseEventsOptions> = {},
): RealtimeValue<readonly EventOn<C>[]> {
  return useNamedEvents(channels, options);
}

/** Implements `useEvents` for any event map. */
export function useNamedEvents<Event extends { readonly channel: string }>(
  channels: MaybeGetter<string | readonly string[]>,
  options: MaybeGetter<UseEventsOptions> = {},
): RealtimeValue<readonly Event[]> {
  let changed = (): void => undefined;
  const used = new UsedEvents<Event>(
    () => valueOf(options),
    () => changed(),
  );
  const start = starting(channels, options, used);
  return createValue(
    () => used.snapshot(),
    (notify) => {
      changed = notify;
      return start(notify);
    },
  );
}

interface Used<Options> {
  use(client: RealtimeClient, channels: readonly string[], options: Options): void;
  end(): void;
}

/** Returns a function that uses channels, and follows changes of the client, the names and the options until stopped. */
function starting<Options extends object>(
  channels: MaybeGetter<string | readonly string[]>,
  options: MaybeGetter<Options>,
  used: Used<Options>,
): (changed: () => void) => Stop {
  const client = contextClient();
  const follow = followed(() => [client(), namesOf(keyOf(valueOf(channels))), { ...valueOf(options) }] as const);
  return (changed) => {
    let isFirst = true;
    const stop = follow(([from, names, given]) => {
      used.use(from, names, given);
      if (!isFirst) changed();
      isFirst = false;
    });
    return () => {
      stop();
      used.end();
    };
  };
}
