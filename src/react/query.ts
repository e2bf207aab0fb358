'use client';
/** Keeps TanStack Query data up to date with events. */
import { hashKey, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { KnownChannel } from '../client/index.js';
import type { RealtimeCommands, RealtimeEvents } from '../protocol/index.js';
import { keyOf, namesOf, type EventOn, type OneOrMany } from '../bindings/channel-names.js';
import { useNamedChannels } from './channel.js';
import { findChannel } from '../bindings/find-channel.js';
import { useStableSubscription } from './stable-subscriptions.js';
import { useLatest } from './latest.js';
import { patchLayered } from './optimistic.js';
import { useRealtimeClient } from './provider.js';
import {
  useCommand,
  useOptimisticNamedCommand,
  type UseOptimisticCommand,
  type UseOptimisticCommandOptions,
} from './query-command.js';
import { dropData, isFirstToApply, keepCurrent, refetchSoon } from './shared-queries.js';

export { liveQuery, type LiveQueryGiven, type LiveQueryOptions } from './live-query.js';
export { useCommand, type UseOptimisticCommand, type UseOptimisticCommandOptions };
export type { UseCommandOptions } from './command.js';
export type { Command, CommandOf, CommandOptions } from '../bindings/command-source.js';
export type { OptimisticQueries } from './optimistic.js';

/** Options of the hooks for TanStack Query. */
export interface UseRealtimeQueryOptions {
  /** Subscribes if true. @default true */
  readonly enabled?: boolean | undefined;
}

/** The hooks for TanStack Query, typed by an event map and a command map. */
export interface RealtimeQueryHooks<E extends object, M extends object = RealtimeCommands> {
  readonly useCommand: UseOptimisticCommand<M>;
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

/**
 * Returns {@link useRealtimeInvalidation}, {@link useRealtimePatch} and {@link useCommand}, typed by custom maps. See also
 * `realtimeHooks`.
 */
export function realtimeQueryHooks<E extends object, M extends object = RealtimeCommands>(): RealtimeQueryHooks<E, M> {
  return {
    useRealtimeInvalidation: useInvalidation,
    useRealtimePatch: usePatch,
    useCommand: (name, options) => useOptimisticNamedCommand(name, options as UseOptimisticCommandOptions<never>),
  };
}

/**
 * Refetches queries after events on these channels: active queries at once, inactive ones when they are used.
 * - A burst of events causes one refetch. Events during a refetch cause one more.
 * - After a break that the server recovered (`recovered: true`), only the missed events cause a refetch. Without
 *   recovery, there is one refetch.
 * - All components with the same key share a refetch. When the last one unmounts, the queries are marked stale.
 * @param queryKey the key of the queries, or a prefix of their keys
 */
export function useRealtimeInvalidation<const C extends string>(
  channels: OneOrMany<C & KnownChannel<RealtimeEvents, C>>,
  queryKey: QueryKey,
  options: UseRealtimeQueryOptions = {},
): void {
  useInvalidation(channels, queryKey, options);
}

/**
 * Updates the cached data of a query with each event, without a refetch. Refetches once if events are missing, or if an
 * event arrived during a fetch, because the response may be older than the event.
 * Each event is applied once per key, even if several components patch it. They must use the same function for the same
 * key and channel.
 * @param queryKey the full key of the query. A query without data is not patched
 * @param patch returns the new data after an event. If it returns the data unchanged, nothing renders
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
    if (patchLayered(queries, queryKey, (data) => patch(data as T, event))) return;
    queries.setQueryData<T>(queryKey, (data) => (data === undefined ? undefined : patch(data, event)));
  };
  useNamedChannels(channels, apply, { ...options, onReset: askOnceAnswered });
}

interface Asking {
  /** Refetches the queries soon. */
  readonly ask: () => void;
  /**
   * Refetches the queries once the server has answered for every channel. After a break the answers arrive one by one.
   */
  readonly askOnceAnswered: () => void;
}

/**
 * Returns functions that refetch the queries. Also refetches when a channel starts without recovery, because data that
 * was loaded before can lack events in between. Drops data that was loaded for a former user.
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
  // Kept in state, which survives hot reload: a pending refetch still runs.
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
    // A client that the application closed does not continue as another user.
    const dropFormer = client.on('identity', (identity) => {
      if (identity === null && client.change.code !== 'close') dropData(queries, latest.current.queryKey);
    });
    return () => [...stops, dropFormer].forEach((stop) => stop());
  }, [client, queries, key, enabled, latest, askOnceAnswered, settle]);
  return { ask, askOnceAnswered };
}
