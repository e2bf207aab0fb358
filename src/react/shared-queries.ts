import { hashKey, type Query, type QueryClient, type QueryKey } from '@tanstack/react-query';
import type { Stop } from '../client/index.js';
import { Refetch } from './refetch.js';

interface Shared {
  // hash of a key → its pending refetch
  readonly loading: Map<string, { readonly queryKey: QueryKey; readonly refetch: Refetch }>;
  // called when a refetch is no longer pending
  readonly listeners: Set<() => void>;
  // hash of a key → number of hooks that keep its queries current
  readonly kept: Map<string, number>;
  // event → hashes of the keys that it was applied to
  readonly applied: WeakMap<object, Set<string>>;
}

const sharedBy = new WeakMap<QueryClient, Shared>();

function sharedOf(queries: QueryClient): Shared {
  let shared = sharedBy.get(queries);
  if (!shared)
    sharedBy.set(
      queries,
      (shared = { loading: new Map(), listeners: new Set(), kept: new Map(), applied: new WeakMap() }),
    );
  return shared;
}

/** Refetches the queries of a key soon, once for all hooks. */
export function refetchSoon(queries: QueryClient, queryKey: QueryKey): void {
  const { loading, listeners } = sharedOf(queries);
  const hash = hashKey(queryKey);
  const isFirstLoad = (): boolean =>
    queries
      .getQueryCache()
      .findAll({ queryKey })
      .some(({ state }) => state.fetchStatus === 'fetching' && state.data === undefined);
  const load = async (isLate: boolean): Promise<void> => {
    if (isLate) await queries.cancelQueries({ queryKey });
    // TanStack Query does not restart a first load, which may have read the old state.
    const isJoined = isFirstLoad();
    await queries.invalidateQueries({ queryKey });
    if (isJoined) await queries.invalidateQueries({ queryKey });
  };
  const ended = (): void => {
    loading.delete(hash);
    for (const listener of listeners) listener();
  };
  let pending = loading.get(hash);
  if (!pending) loading.set(hash, (pending = { queryKey, refetch: new Refetch(load, ended) }));
  pending.refetch.ask();
}

/** Returns true if a refetch of this query is pending. */
export function willRefetch(queries: QueryClient, query: Query): boolean {
  const all = [...sharedOf(queries).loading.values()];
  return all.some(({ queryKey }) => queries.getQueryCache().findAll({ queryKey }).includes(query));
}

/** Calls a listener whenever a refetch is no longer pending. */
export function onRefetched(queries: QueryClient, listener: () => void): void {
  sharedOf(queries).listeners.add(listener);
}

/**
 * Returns true for the first hook that applies this event to this query, so that a patch in two components is applied
 * once.
 */
export function isFirstToApply(queries: QueryClient, queryKey: QueryKey, event: object): boolean {
  const { applied } = sharedOf(queries);
  const hash = hashKey(queryKey);
  const hashes = applied.get(event) ?? new Set();
  if (hashes.has(hash)) return false;
  applied.set(event, hashes.add(hash));
  return true;
}

/** Keeps queries current until stopped. When the last hook stops, they are marked stale and load on their next use. */
export function keepCurrent(queries: QueryClient, queryKey: QueryKey): Stop {
  const { kept } = sharedOf(queries);
  const hash = hashKey(queryKey);
  kept.set(hash, (kept.get(hash) ?? 0) + 1);
  return () => {
    const others = kept.get(hash)! - 1;
    if (others > 0) return void kept.set(hash, others);
    kept.delete(hash);
    void queries.invalidateQueries({ queryKey, refetchType: 'none' });
  };
}

// hashes of keys whose data another hook has already dropped in this step
const dropping = new WeakMap<QueryClient, Set<string>>();

/** Drops data that was loaded for a former user, and refetches active queries, once for all hooks. */
export function dropData(queries: QueryClient, queryKey: QueryKey): void {
  const hashes = dropping.get(queries) ?? new Set();
  const hash = hashKey(queryKey);
  if (hashes.has(hash)) return;
  dropping.set(queries, hashes.add(hash));
  void Promise.resolve().then(() => hashes.delete(hash));
  void queries.resetQueries({ queryKey });
}
