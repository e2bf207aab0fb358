import { hashKey, replaceEqualDeep, type Query, type QueryClient, type QueryKey } from '@tanstack/react-query';

/** Number of shown data that are remembered: a fetch that is cancelled restores one of them. */
const MAX_WRITTEN = 100;

/** Changes of data that the server has not confirmed. */
export interface Layer {
  /** Returns the data with the change. Must not modify its argument. */
  readonly update: (data: never) => unknown;
  /** True once the page has received the events of the change, or cannot receive them. */
  isSettled: boolean;
}

/** Functions of the owner of a layered query. */
export interface LayeredQueryHost {
  /** Returns true if a refetch of the query is about to start. */
  willRefetch(query: Query): boolean;
  /** The query has no layer left. */
  release(): void;
}

/**
 * The data of one query: `base` from the server, with layers on top. The cache shows both together. The base continues to
 * change with events and fetches, so a layer can be removed at any time without losing one of them.
 */
export class LayeredQuery {
  private readonly layers = new Set<Layer>();
  // settled layers that the running load contains, because it began later
  private readonly loading = new Set<Layer>();
  // settled layers that the data of the server contain, because they were loaded later
  private readonly loaded = new WeakSet<Layer>();
  // layers for which the query is fetched again
  private readonly refetched = new WeakSet<Layer>();
  private base: unknown;
  /** The last data that were shown, with layers. */
  private written: unknown[] = [];
  private isWriting = false;
  /** True if the application wrote data that contains layers. */
  private isMixed = false;

  constructor(
    private readonly queries: QueryClient,
    readonly queryKey: QueryKey,
    private readonly host: LayeredQueryHost,
  ) {
    this.base = this.query?.state.data;
  }

  add(layer: Layer): void {
    this.layers.add(layer);
    this.show();
  }

  /** Removes a layer whose change failed. */
  revert(layer: Layer): void {
    if (!this.layers.has(layer)) return;
    this.drop(layer);
    // The written data contains the change, and only the server knows the data without it.
    if (this.isMixed) void this.queries.invalidateQueries({ queryKey: this.queryKey, exact: true });
  }

  /** Applies an event to the data of the server. */
  patch(change: (data: unknown) => unknown): void {
    if (this.base === undefined) return;
    this.base = change(this.base);
    this.write(() => this.queries.setQueryData(this.queryKey, this.shown()));
    this.settle();
  }

  /** Looks at the query after a change of its state. */
  changed(query: Query, { type, manual }: { readonly type: string; readonly manual?: boolean | undefined }): void {
    if (this.isWriting) return;
    const { data } = query.state;
    if (type === 'fetch') {
      this.loading.clear();
      for (const layer of this.layers) if (layer.isSettled) this.loading.add(layer);
    } else if (type === 'success') {
      this.isMixed ||= manual === true;
      this.base = data;
      if (!manual) for (const layer of this.loading) this.loaded.add(layer);
    } else if (type === 'setState' && !this.written.includes(data)) {
      // Otherwise a cancelled fetch restores data of its start, which contain layers.
      this.base = data;
    }
    this.show();
    this.settle();
  }

  /** The query was removed from the cache. */
  forget(): void {
    this.layers.clear();
  }

  /** Removes the settled layers, unless the query is about to get their data. */
  settle(): void {
    const { query } = this;
    const isPending = query && (query.state.isInvalidated || this.host.willRefetch(query));
    if (isPending) return;
    for (const layer of this.layers) {
      if (!layer.isSettled) continue;
      if (this.isConfirmed(layer)) this.drop(layer);
      else {
        this.refetched.add(layer);
        void this.queries.invalidateQueries({ queryKey: this.queryKey, exact: true });
        return;
      }
    }
  }

  private get query(): Query | undefined {
    return this.queries.getQueryCache().find({ queryKey: this.queryKey, exact: true });
  }

  /** Returns true if the data of the server is as new as the layer. */
  private isConfirmed(layer: Layer): boolean {
    if (this.refetched.has(layer) || this.loaded.has(layer)) return true;
    // Events do not say which change they are of. Does the layer still make a difference?
    return hashKey([this.shown(layer)]) === hashKey([this.shown()]);
  }

  private drop(layer: Layer): void {
    this.layers.delete(layer);
    this.loading.delete(layer);
    this.show();
    if (this.layers.size === 0) this.host.release();
  }

  /** Returns the data with all layers. @param without a layer to leave out */
  private shown(without?: Layer): unknown {
    let data = this.base;
    for (const layer of this.layers) {
      if (data === undefined || layer === without) continue;
      try {
        data = layer.update(data as never);
      } catch (error) {
        throwLater(error);
      }
    }
    return data;
  }

  private show(): void {
    const { query } = this;
    if (!query) return;
    const data = replaceEqualDeep(query.state.data, this.shown());
    // Not `setQueryData`: the query stays as old, and as invalid, as the data of the server.
    if (data !== query.state.data) this.write(() => query.setState({ data }));
  }

  private write(change: () => void): void {
    this.isWriting = true;
    try {
      change();
    } finally {
      this.isWriting = false;
    }
    this.written = [...this.written, this.query?.state.data].slice(-MAX_WRITTEN);
  }
}

function throwLater(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}
