import { useCallback, useSyncExternalStore } from 'react';
import type { ChannelChange, Reset } from '../client/index.js';
import { keyOf, type Channels, type EventOn } from './channel-names.js';
import { useLasting } from './lasting.js';
import { useLatest } from './latest.js';
import { useRealtimeClient } from './provider.js';

/** What `useChannel` takes. */
export interface UseChannelOptions {
  /** Whether to subscribe. @default true */
  readonly enabled?: boolean;
  /**
   * Where to go on, by channel: the `lastEventId` that came with what was loaded, so that nothing falls between loading and
   * following. It counts when nobody else uses the channel yet. @default from now on
   */
  readonly after?: Readonly<Record<string, string>>;
  /** Events are missing: load again what they would have told. */
  readonly onReset?: (reset: Reset) => void | Promise<void>;
}

/** `useChannel` for the channels of a map. */
export type UseChannel<E extends object> = <const C extends string>(
  channels: Channels<C, E>,
  onEvent?: (event: EventOn<C, E>) => void | Promise<void>,
  options?: UseChannelOptions,
) => void;

/**
 * Subscribes to a channel, or to several, for as long as the component is there.
 * @param channels an inline list is fine: only other names make other subscriptions
 * @param onEvent always the one of the last render; where it returns a promise, its next event comes after that
 */
export function useChannel<const C extends string>(
  channels: Channels<C>,
  onEvent?: (event: EventOn<C>) => void | Promise<void>,
  options: UseChannelOptions = {},
): void {
  useNamedChannels(channels, onEvent, options);
}

/** What `useChannel` does, whatever map its names and events are from. */
export function useNamedChannels<Event>(
  channels: string | readonly string[],
  onEvent?: (event: Event) => void | Promise<void>,
  options: UseChannelOptions = {},
): void {
  const client = useRealtimeClient();
  const key = keyOf(channels);
  const latest = useLatest({ onEvent, options });
  const { enabled = true } = options;
  useLasting(enabled ? key : '', client, (name) => {
    const channel = client.channel(name);
    const after = latest.current.options.after?.[name];
    const stops = [
      channel.on('event', (event) => latest.current.onEvent?.(event as Event)),
      channel.on('reset', (reset) => latest.current.options.onReset?.(reset)),
      channel.subscribe(after === undefined ? {} : { after }),
    ];
    return () => stops.forEach((stop) => stop());
  });
}

/** What a channel is before anybody asked for it, and on a server that renders. */
const UNSUBSCRIBED: ChannelChange = {
  state: 'unsubscribed',
  previous: 'unsubscribed',
  code: 'unsubscribe',
  reason: 'nobody has subscribed yet',
};

/** How it stands with a channel, and why. It looks only: `useChannel` subscribes. */
export function useChannelState<const C extends string>(channel: C): ChannelChange {
  const client = useRealtimeClient();
  const subscribe = useCallback(
    (changed: () => void) => client.channel<string>(channel).on('state', changed),
    [client, channel],
  );
  return useSyncExternalStore(
    subscribe,
    () => client.channel<string>(channel).change,
    () => UNSUBSCRIBED,
  );
}
