import { computed } from '@angular/core';
import { takeUntilDestroyed, toObservable as fromSignal } from '@angular/core/rxjs-interop';
import { defer, EMPTY, switchMap, type Observable } from 'rxjs';
import type { EventOn, KnownChannels } from '../bindings/channel-names.js';
import type { RealtimeClient, SubscribeOptions } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { toObservable } from '../rxjs/index.js';
import type { ChannelName } from './channel-input.js';
import { injectRealtimeClient } from './provider.js';

/** Options of `channel$`. */
export type ChannelObservableOptions = Pick<SubscribeOptions, 'after' | 'last'>;

/** Type of `channel$` for the channels of an event map. */
export type ChannelObservable<E extends object> = <const C extends string>(
  channel: ChannelName<C> & KnownChannels<E, C>,
  options?: ChannelObservableOptions,
) => Observable<EventOn<C, E>>;

/**
 * Returns the events of a channel as an Observable, like `toObservable` of `nestjs-realtime-client/rxjs`. It is
 * subscribed while it has subscribers, and completes when the component or service is destroyed.
 * @param channel a function, such as a signal input, switches to another channel
 */
export function channel$<const C extends string>(
  channel: ChannelName<C> & KnownChannels<RealtimeEvents, C>,
  options?: ChannelObservableOptions,
): Observable<EventOn<C>> {
  return observableOf(injectRealtimeClient(), channel, options);
}

/** Implements `channel$` for any event map. */
export function observableOf<Event>(
  client: RealtimeClient,
  channel: ChannelName,
  options?: ChannelObservableOptions,
): Observable<Event> {
  // Deferred: an invalid name is an error of the Observable, and not of the component.
  const eventsOf = (name: string) => defer(() => toObservable(client.channel<string>(name), options));
  const events =
    typeof channel === 'function'
      ? fromSignal(computed(channel)).pipe(switchMap((name) => (name ? eventsOf(name) : EMPTY)))
      : eventsOf(channel);
  return events.pipe(takeUntilDestroyed()) as Observable<Event>;
}
