import { useEffect, useState, useSyncExternalStore } from 'react';
import type { KnownChannel } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import type { EventOn } from '../bindings/channel-names.js';
import { HistoryPager, NOTHING_LOADED, type History } from '../bindings/history-pager.js';
import { useRealtimeClient } from './provider.js';

/** Options of `useHistory`. */
export interface UseHistoryOptions {
  /** Maximum number of events of a page, from 1 to 1,000. @default 50 */
  readonly limit?: number | undefined;
  /** Id of an event: the first page ends directly before it. Another id starts again. @default the last event */
  readonly before?: string | undefined;
  /** Loads if true. @default true */
  readonly enabled?: boolean | undefined;
}

/** The loaded pages, and a function that loads the next older one. */
export type LoadedHistory<Event> = History<Event> & { readonly loadMore: () => void };

/** Type of `useHistory` for the channels of an event map. */
export type UseHistory<E extends object> = <const C extends string>(
  channel: C & KnownChannel<E, C>,
  options?: UseHistoryOptions,
) => LoadedHistory<EventOn<C, E>>;

/**
 * Returns kept events of a channel, page by page: the newest page first, older ones with `loadMore()`. Does not
 * subscribe; `useEvents` with `last` shows live events.
 */
export function useHistory<const C extends string>(
  channel: C & KnownChannel<RealtimeEvents, C>,
  options: UseHistoryOptions = {},
): LoadedHistory<EventOn<C>> {
  return useNamedHistory(channel, options);
}

/** Implements `useHistory` for any event map. */
export function useNamedHistory<Event>(
  channel: string,
  { limit, before, enabled = true }: UseHistoryOptions = {},
): LoadedHistory<Event> {
  const client = useRealtimeClient();
  const [pager, setPager] = useState<HistoryPager | null>(null);
  useEffect(() => {
    if (!enabled) return undefined;
    const created = new HistoryPager(client, channel, limit, before);
    setPager(created);
    const stop = created.start();
    return () => {
      stop();
      setPager(null);
    };
  }, [client, channel, limit, before, enabled]);
  const history = useSyncExternalStore(
    pager?.subscribe ?? never,
    pager?.snapshot ?? nothing,
    nothing,
  ) as History<Event>;
  return { ...history, loadMore: pager?.loadMore ?? noop };
}

const noop = (): void => undefined;
const never = (): (() => void) => noop;
const nothing = (): History<never> => NOTHING_LOADED;
