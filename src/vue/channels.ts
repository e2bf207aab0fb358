import {
  onScopeDispose,
  shallowReadonly,
  shallowRef,
  toValue,
  watch,
  type MaybeRefOrGetter,
  type ShallowRef,
} from 'vue';
import { keyOf, namesOf, type EventOn, type KnownChannels, type OneOrMany } from '../bindings/channel-names.js';
import { UsedChannels, type ChannelOptions } from '../bindings/used-channels.js';
import { UsedEvents, type EventsOptions } from '../bindings/used-events.js';
import type { RealtimeClient } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { injectClient } from './provide.js';
import { whenMounted } from './when-mounted.js';

/** Options of `useChannel`. */
export type UseChannelOptions = ChannelOptions;

/** Options of `useEvents`. */
export type UseEventsOptions = EventsOptions;

/** Type of `useChannel` for the channels of an event map. */
export type UseChannel<E extends object> = <const C extends string>(
  channels: MaybeRefOrGetter<OneOrMany<C>> & KnownChannels<E, C>,
  onEvent?: (event: EventOn<C, E>) => void | Promise<void>,
  options?: MaybeRefOrGetter<UseChannelOptions>,
) => void;

/** Type of `useEvents` for the channels of an event map. */
export type UseEvents<E extends object> = <const C extends string>(
  channels: MaybeRefOrGetter<OneOrMany<C>> & KnownChannels<E, C>,
  options?: MaybeRefOrGetter<UseEventsOptions>,
) => Readonly<ShallowRef<readonly EventOn<C, E>[]>>;

/**
 * Subscribes to one or more channels while the component is mounted.
 * @param channels names, or a ref or getter of them: if the names change, only those that differ are subscribed or
 *   unsubscribed
 * @param onEvent if it returns a promise, the next event waits for it
 * @param options options, or a ref or getter of them
 */
export function useChannel<const C extends string>(
  channels: MaybeRefOrGetter<OneOrMany<C>> & KnownChannels<RealtimeEvents, C>,
  onEvent?: (event: EventOn<C>) => void | Promise<void>,
  options: MaybeRefOrGetter<UseChannelOptions> = {},
): void {
  useNamedChannels(channels, onEvent, options);
}

/** Implements `useChannel` for any event map. */
export function useNamedChannels<Event>(
  channels: MaybeRefOrGetter<string | readonly string[]>,
  onEvent?: (event: Event) => void | Promise<void>,
  options: MaybeRefOrGetter<UseChannelOptions> = {},
): void {
  const used = new UsedChannels<Event>(() => ({ onEvent, options: toValue(options) }));
  whileMounted(channels, options, used);
}

/**
 * Subscribes to one or more channels while the component is mounted, and returns their recent events, oldest first. The
 * list changes at most once per frame, at any event rate. If the channels change, the remaining ones keep their events.
 */
export function useEvents<const C extends string>(
  channels: MaybeRefOrGetter<OneOrMany<C>> & KnownChannels<RealtimeEvents, C>,
  options: MaybeRefOrGetter<UseEventsOptions> = {},
): Readonly<ShallowRef<readonly EventOn<C>[]>> {
  return useNamedEvents(channels, options);
}

/** Implements `useEvents` for any event map. */
export function useNamedEvents<Event extends { readonly channel: string }>(
  channels: MaybeRefOrGetter<string | readonly string[]>,
  options: MaybeRefOrGetter<UseEventsOptions> = {},
): Readonly<ShallowRef<readonly Event[]>> {
  const events = shallowRef<readonly Event[]>([]);
  const show = (): void => void (events.value = used.snapshot());
  const used = new UsedEvents<Event>(() => toValue(options), show);
  whileMounted(channels, options, used, show);
  return shallowReadonly(events);
}

interface Used<Options> {
  use(client: RealtimeClient, channels: readonly string[], options: Options): void;
  end(): void;
}

/** Uses channels while the component is mounted, and follows changes of the client, the names and the options. */
function whileMounted<Options extends object>(
  channels: MaybeRefOrGetter<string | readonly string[]>,
  options: MaybeRefOrGetter<Options>,
  used: Used<Options>,
  changed: () => void = () => undefined,
): void {
  const client = injectClient();
  whenMounted(() => {
    watch(
      () => [client(), namesOf(keyOf(toValue(channels))), { ...toValue(options) }] as const,
      ([from, names, given]) => {
        used.use(from, names, given);
        changed();
      },
      { immediate: true },
    );
    onScopeDispose(() => used.end());
  });
}
