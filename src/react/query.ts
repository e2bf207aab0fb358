'use client';
/** TanStack Query, kept true by events. */
import { hashKey, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { KnownChannel } from '../client/index.js';
import type { RealtimeEvents } from '../protocol/index.js';
import { keyOf, namesOf, type EventOn, type OneOrMany } from './channel-names.js';
import { useNamedChannels } from './channel.js';
import { findChannel } from './find-channel.js';
import { useStableSubscription } from './stable-subscriptions.js';
import { useLatest } from './latest.js';
import { useRealtimeClient } from './provider.js';
import { dropData, isFirstToApply, keepCurrent, refetchSoon } from './shared-queries.js';

/** What the hooks for TanStack Query take. */
export interface UseRealtimeQueryOptions {
  /** Whether to subscribe. @default true */
  readonly enabled?: boolean | undefined;
}

/** The hooks for TanStack Query, of one map. */
export interface RealtimeQueryHooks<E extends object> {
  readonly useRealtimeInvalidation: <const C extends string>(
    channels: OneOrMany<C & KnownChannel<E, C>>,
    queryKey: QueryKey,
    options?: UseRealtimeQueryOptions,
  ) => void;
  readonly useRealtimePatch: <T, const C extends string>(
    channels: OneOrMany<C & KnownChannel<E, C>>,
    queryKey: QueryKey,
    patch: (data: T, event: EventOn<C, E>) => T,
    options?: UseRealtimeQueryOptions,
  ) => void;
}

/** {@link useRealtimeInvalidation} and {@link useRealtimePatch}, typed by a custom map, as `realtimeHooks` gives the others. */
export function realtimeQueryHooks<E extends object>(): RealtimeQueryHooks<E> {
  return { useRealtimeInvalidation: useInvalidation, useRealtimePatch: usePatch };
}

/**
 * Loads queries again when something happened on these channels: those that are shown at once, others when they are needed.
 * A burst of events is one load, and one more where events came while it went on. After a break that the server filled
 * (`recovered: true`) only the events that were missed count; where it could not, it is one load.
 * However many components ask for one key, it is one load. When the last of them is gone, the queries are marked stale.
 * @param queryKey the key of the queries, or what their keys begin with
 */
export function useRealtimeInvalidation<const C extends string>(
  channels: OneOrMany<C & KnownChannel<RealtimeEvents, C>>,
  queryKey: QueryKey,
  options: UseRealtimeQueryOptions = {},
): void {
  useInvalidation(channels, queryKey, options);
}

/**
 * Changes what a query holds by each event of these channels, without loading it again. It is loaded once where events are
 * missing, and where an event came while it was being loaded, for what was read may be older than the event.
 * An event is applied once to a key, also if several components patch it: with one function for one key and channel.
 * @param queryKey the whole key of the query; one that holds nothing yet is left alone
 * @param patch gives what the query holds after an event, as a new value; what it returned unchanged renders nothing
 */
export function useRealtimePatch<T, const C extends string>(
  channels: OneOrMany<C & KnownChannel<RealtimeEvents, C>>,
  queryKey: QueryKey,
  patch: (data: T, event: EventOn<C>) => T,
  options: UseRealtimeQueryOptions = {},
): void {
  usePatch(channels, queryKey, patch, options);
}

function useInvalidation(
  channels: string | readonly string[],
  queryKey: QueryKey,
  options: UseRealtimeQueryOptions = {},
): void {
  const { ask, askOnceAnswered } = useRefetch(channels, queryKey, options);
  useNamedChannels(channels, ask, { ...options, onReset: askOnceAnswered });
}

function usePatch<T, Event extends object>(
  channels: string | readonly string[],
  queryKey: QueryKey,
  patch: (data: T, event: Event) => T,
  options: UseRealtimeQueryOptions = {},
): void {
  const queries = useQueryClient();
  const { ask, askOnceAnswered } = useRefetch(channels, queryKey, options);
  const apply = (event: Event): void => {
    if (!isFirstToApply(queries, queryKey, event)) return;
    if (queries.isFetching({ queryKey, exact: true }) > 0) ask();
    queries.setQueryData<T>(queryKey, (data) => (data === undefined ? undefined : patch(data, event)));
  };
  useNamedChannels(channels, apply, { ...options, onReset: askOnceAnswered });
}

interface Asking {
  /** Loads them again soon. */
  readonly ask: () => void;
  /** Loads them again once the server has answered for every channel: after a break they come one by one. */
  readonly askOnceAnswered: () => void;
}

/**
 * Loads the queries again. It asks by itself when a channel begins anew, for what was loaded before that may lack what
 * happened in between: the queries that were begun by then are loaded once more. What was loaded for a former user is dropped.
 */
function useRefetch(
  channels: string | readonly string[],
  queryKey: QueryKey,
  { enabled = true }: UseRealtimeQueryOptions,
): Asking {
  const client = useRealtimeClient();
  const queries = useQueryClient();
  const key = keyOf(channels);
  const latest = useLatest({ client, queries, key, queryKey });
  // As state, which hot reload keeps: what was asked for is still done.
  const [{ ask, askOnceAnswered, settle }] = useState(() => {
    let wanted = false;
    const isAsked = (name: string): boolean => findChannel(latest.current.client, name).change.state === 'subscribing';
    const askNow = (): void => refetchSoon(latest.current.queries, latest.current.queryKey);
    const settleIt = (): void => {
      if (!wanted || namesOf(latest.current.key).some(isAsked)) return;
      wanted = false;
      askNow();
    };
    const askLater = (): void => {
      wanted = true;
      settleIt();
    };
    return { ask: askNow, askOnceAnswered: askLater, settle: settleIt };
  });
  useStableSubscription(enabled, `${hashKey(queryKey)} ${key}`, () => keepCurrent(queries, latest.current.queryKey));
  useEffect(() => {
    if (!enabled) return;
    const begun = (): boolean =>
      queries
        .getQueryCache()
        .findAll({ queryKey: latest.current.queryKey })
        .some(({ state }) => state.data !== undefined || state.fetchStatus !== 'idle');
    const stops = namesOf(key).map((name) =>
      findChannel(client, name).on('state', ({ state, recovered }) => {
        if (state === 'subscribed' && recovered === undefined && begun()) askOnceAnswered();
        else settle();
      }),
    );
    // A client that the application closed goes on as nobody else.
    const dropFormer = client.on('identity', (identity) => {
      if (identity === null && client.change.code !== 'close') dropData(queries, latest.current.queryKey);
    });
    return () => [...stops, dropFormer].forEach((stop) => stop());
  }, [client, queries, key, enabled, latest, askOnceAnswered, settle]);
  return { ask, askOnceAnswered };
}
