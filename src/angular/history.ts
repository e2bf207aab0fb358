import type { Signal } from '@angular/core';
import type { EventOn, KnownChannels } from '../bindings/channel-names.js';
import { HistoryPager, NOTHING_LOADED, type History } from '../bindings/history-pager.js';
import type { RealtimeClient } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { namesIn, signalPerName, type ChannelName, type Names } from './channel-input.js';
import { injectRealtimeClient } from './provider.js';

/** Options of `injectHistory`. */
export interface InjectHistoryOptions {
  /** Maximum number of events of a page, from 1 to 1,000. @default 50 */
  readonly limit?: number | undefined;
  /** Id of an event: the first page ends directly before it. @default the last event */
  readonly before?: string | undefined;
}

/** The loaded pages, and a function that loads the next older one. */
export interface HistoryPages<Event> {
  readonly history: Signal<History<Event>>;
  readonly loadMore: () => void;
}

/** Type of `injectHistory` for the channels of an event map. */
export type InjectHistory<E extends object> = <const C extends string>(
  channel: ChannelName<C> & KnownChannels<E, C>,
  options?: InjectHistoryOptions,
) => HistoryPages<EventOn<C, E>>;

/**
 * Returns kept events of a channel, page by page: the newest page first, older ones with `loadMore()`. Does not
 * subscribe; `injectEvents` with `last` shows live events.
 */
export function injectHistory<const C extends string>(
  channel: ChannelName<C> & KnownChannels<RealtimeEvents, C>,
  options?: InjectHistoryOptions,
): HistoryPages<EventOn<C>> {
  return historyOf(injectRealtimeClient(), namesIn(channel), options);
}

/** Implements `injectHistory` for any event map. */
export function historyOf<Event>(
  client: RealtimeClient,
  names: Names,
  { limit, before }: InjectHistoryOptions = {},
): HistoryPages<Event> {
  let pager: HistoryPager | null = null;
  const history = signalPerName(
    names,
    () => (pager?.snapshot() ?? NOTHING_LOADED) as History<Event>,
    (name, changed) => {
      const created = (pager = new HistoryPager(client, name, limit, before));
      const stops = [created.subscribe(changed), created.start()];
      return () => {
        stops.forEach((stop) => stop());
        if (pager === created) pager = null;
        changed();
      };
    },
  );
  return { history, loadMore: () => pager?.loadMore() };
}
