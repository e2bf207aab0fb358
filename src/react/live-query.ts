import { hashKey, type Query, type QueryClient, type QueryFunctionContext, type QueryKey } from '@tanstack/react-query';
import type { RealtimeClient, RealtimeStates, Stop } from '../client/index.js';
import { live, type KnownState, type LiveData, type LiveResource, type LiveSnapshot } from '../client/live/index.js';
import { patchLayered } from './optimistic.js';

/** Options of {@link liveQuery}. */
export interface LiveQueryGiven {
  /** Key of the query. Clients of two servers need different keys. @default ['live', channel] */
  readonly queryKey?: QueryKey | undefined;
}

/** Options of a query, for `useQuery`, `useSuspenseQuery`, `prefetchQuery` and the like. */
export interface LiveQueryOptions<T> {
  readonly queryKey: QueryKey;
  readonly queryFn: (context: QueryFunctionContext) => Promise<T>;
  readonly staleTime: (query: object) => number;
  readonly networkMode: 'always';
  readonly retry: false;
  readonly structuralSharing: false;
}

/**
 * Returns the options of a query whose data is the state of a live resource. Patches keep the data in the cache current, so the
 * query never needs a refetch:
 *
 *     const client = useRealtimeClient();
 *     const { data, error } = useQuery(liveQuery(client, 'projects:42:board'));
 *
 * - The query follows the server while a component uses it. After that its data stays in the cache as stale data, and the next
 *   component resumes with a fetch. A prefetched query follows the server until it is used and left, or collected.
 * - A refetch returns the current state; during a break it waits for the connection.
 * - If the channel is refused, the query has the error and no data. When the client continues as another user, it is reset.
 * - `useCommand` of this entry point can change it optimistically.
 */
export function liveQuery<const C extends string, E extends object = object>(
  client: RealtimeClient<E>,
  channel: C & KnownState<RealtimeStates, C>,
  { queryKey = ['live', channel] }: LiveQueryGiven = {},
): LiveQueryOptions<LiveData<C>> {
  return {
    queryKey,
    queryFn: ({ client: queries, queryKey: key, signal }) => {
      const given: QueryClient | undefined = queries;
      if (given === undefined) throw new Error('liveQuery needs TanStack Query 5.69 or later');
      const follower = followerOf(given, key) ?? new Follower(given, key, live<string, E>(client, channel));
      return follower.present(signal) as Promise<LiveData<C>>;
    },
    staleTime: (query) => (following.has(query) ? Infinity : 0),
    networkMode: 'always',
    retry: false,
    structuralSharing: false,
  };
}

// client → hash of the key → its follower
const followers = new WeakMap<QueryClient, Map<string, Follower>>();

/** Queries whose data follows the server. */
const following = new WeakSet<object>();

function followersOf(queries: QueryClient): Map<string, Follower> {
  const known = followers.get(queries) ?? new Map<string, Follower>();
  followers.set(queries, known);
  return known;
}

function followerOf(queries: QueryClient, queryKey: QueryKey): Follower | undefined {
  return followersOf(queries).get(hashKey(queryKey));
}

/** Keeps one query current, while it is used. */
class Follower {
  readonly #hash: string;
  readonly #query: Query | undefined;
  readonly #stops: Stop[];
  #waiting: (() => void)[] = [];

  constructor(
    private readonly queries: QueryClient,
    private readonly queryKey: QueryKey,
    private readonly resource: LiveResource,
  ) {
    this.#hash = hashKey(queryKey);
    this.#query = queries.getQueryCache().find({ queryKey, exact: true });
    if (this.#query) following.add(this.#query);
    followersOf(queries).set(this.#hash, this);
    this.#stops = [
      resource.subscribe(() => this.#changed(resource.getSnapshot())),
      queries.getQueryCache().subscribe((event) => {
        if (event.query !== this.#query) return;
        if (event.type === 'removed') this.#end();
        // A component that is created again removes and adds its observer in one step.
        else if (event.type === 'observerRemoved') void Promise.resolve().then(() => this.#endIfUnused());
        else if (event.type === 'updated' && event.action.type === 'success' && !event.action.manual) this.#catchUp();
      }),
    ];
  }

  /** Waits for the current state. @throws RealtimeError if the channel is refused; the reason of the signal */
  async present(signal: AbortSignal): Promise<unknown> {
    for (;;) {
      const { data, status, error } = this.resource.getSnapshot();
      if (status === 'live') return data;
      if (status === 'refused') throw error ?? new Error('The live resource was refused');
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #changed({ status, data, error }: LiveSnapshot): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
    const query = this.#query;
    if (status === 'live') this.#write(data);
    else if (status === 'refused' && query?.state.fetchStatus === 'idle') {
      query.setState({ data: undefined, status: 'error', error: error ?? null, errorUpdatedAt: Date.now() });
    } else if (status === 'loading' && query?.state.data !== undefined) {
      void this.queries.resetQueries({ queryKey: this.queryKey, exact: true });
    }
  }

  /** A fetch can end with a state that a patch has changed meanwhile. */
  #catchUp(): void {
    const { status, data } = this.resource.getSnapshot();
    if (status === 'live' && data !== this.#query?.state.data) this.#write(data);
  }

  #write(data: unknown): void {
    if (patchLayered(this.queries, this.queryKey, () => data)) return;
    this.queries.setQueryData(this.queryKey, data);
  }

  #endIfUnused(): void {
    if (this.#query?.getObserversCount() === 0) this.#end();
  }

  #end(): void {
    if (this.#query) following.delete(this.#query);
    const all = followersOf(this.queries);
    if (all.get(this.#hash) === this) all.delete(this.#hash);
    for (const stop of this.#stops) stop();
    this.resource.close();
  }
}
