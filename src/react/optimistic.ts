import { hashKey, type QueryClient, type QueryKey } from '@tanstack/react-query';
import { LayeredQuery, type Layer } from './layered-query.js';
import { onRefetched, willRefetch } from './shared-queries.js';

/** Changes queries before the answer of a command. Queries without data do not change. */
export interface OptimisticQueries {
  /**
   * Changes the data of one query. The function is called again when the server's data changes: it must return new data, and
   * must not modify its argument.
   * @param queryKey the full key of the query
   */
  setQueryData<T>(queryKey: QueryKey, update: (data: T) => T): void;
  /** Changes the data of each present query whose key starts with `queryKey`. */
  setQueriesData<T>(filters: { readonly queryKey: QueryKey }, update: (data: T) => T): void;
}

/** An optimistic update of queries. */
export interface OptimisticUpdate {
  /** Removes it, because its command failed. */
  revert(): void;
  /**
   * Removes it once the data of the server contains it: at once if it makes no difference any more, because events have
   * updated the query, otherwise after a refetch.
   */
  settle(): void;
}

// hash of a key → its query with layers
const layeredBy = new WeakMap<QueryClient, Map<string, LayeredQuery>>();

/** Returns the layered queries of a client, and follows the cache while there are any. */
function layeredOf(queries: QueryClient): Map<string, LayeredQuery> {
  const known = layeredBy.get(queries);
  if (known) return known;
  const layered = new Map<string, LayeredQuery>();
  layeredBy.set(queries, layered);
  queries.getQueryCache().subscribe((event) => {
    const own = layered.get(event.query.queryHash);
    if (!own) return;
    if (event.type === 'updated') own.changed(event.query, event.action);
    if (event.type !== 'removed') return;
    own.forget();
    layered.delete(event.query.queryHash);
  });
  onRefetched(queries, () => {
    for (const own of [...layered.values()]) own.settle();
  });
  return layered;
}

/** Applies an event to a query with optimistic updates. @returns false if it has none */
export function patchLayered(queries: QueryClient, queryKey: QueryKey, change: (data: unknown) => unknown): boolean {
  const own = layeredBy.get(queries)?.get(hashKey(queryKey));
  own?.patch(change);
  return own !== undefined;
}

/** Starts an optimistic update. @param optimistic describes its changes @throws its error: then nothing is changed */
export function updateOptimistically(
  queries: QueryClient,
  optimistic: (queries: OptimisticQueries) => void,
): OptimisticUpdate {
  const layered = layeredOf(queries);
  const added: [LayeredQuery, Layer][] = [];
  const setQueryData = (queryKey: QueryKey, update: (data: never) => unknown): void => {
    const hash = hashKey(queryKey);
    const host = { willRefetch: willRefetch.bind(null, queries), release: () => void layered.delete(hash) };
    const own = layered.get(hash) ?? new LayeredQuery(queries, queryKey, host);
    const layer: Layer = { update, isSettled: false };
    layered.set(hash, own);
    added.push([own, layer]);
    own.add(layer);
  };
  const revert = (): void => {
    for (const [own, layer] of added) own.revert(layer);
  };
  try {
    optimistic({
      setQueryData,
      setQueriesData({ queryKey }, update) {
        for (const query of queries.getQueryCache().findAll({ queryKey })) setQueryData(query.queryKey, update);
      },
    });
  } catch (error) {
    revert();
    throw error;
  }
  return {
    revert,
    settle() {
      for (const [own, layer] of added) {
        layer.isSettled = true;
        own.settle();
      }
    },
  };
}
