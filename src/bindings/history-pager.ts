import { history, type HistoryPage, type RealtimeClient, type RealtimeEvent, type Stop } from '../client/index.js';

/** State that `useHistory` returns. The object is immutable. */
export interface History<Event = RealtimeEvent> {
  /** Loaded events, oldest first, without a gap. */
  readonly events: readonly Event[];
  /** True if older events are kept. */
  readonly more: boolean;
  readonly isLoading: boolean;
  /** Error of the last load. */
  readonly error?: unknown;
  /** Reason why there are no events. */
  readonly reason?: HistoryPage['reason'];
}

export const NOTHING_LOADED: History<never> = { events: [], more: false, isLoading: false };

/** Loads pages of one channel, and forgets them when the client continues as another user. */
export class HistoryPager {
  private state: History = NOTHING_LOADED;
  private current: AbortController | null = null;
  private readonly listeners = new Set<() => void>();

  /** @param before id before which the first page ends */
  constructor(
    private readonly client: RealtimeClient,
    private readonly channel: string,
    private readonly limit: number | undefined,
    private readonly before: string | undefined,
  ) {}

  readonly snapshot = (): History => this.state;

  readonly subscribe = (changed: () => void): Stop => {
    this.listeners.add(changed);
    return () => void this.listeners.delete(changed);
  };

  /** Loads the first page once the client has an identity. @returns a function that stops */
  start(): Stop {
    const { client } = this;
    const stop = client.on('identity', (identity) => {
      if (identity === null) this.forget();
      else if (this.state.events.length === 0) void this.load();
    });
    if (client.identity !== null) void this.load();
    else if (client.state === 'idle') client.connect();
    return () => {
      stop();
      this.current?.abort();
      this.current = null;
    };
  }

  readonly loadMore = (): void => {
    if (this.state.more || this.state.error !== undefined) void this.load();
  };

  private async load(): Promise<void> {
    if (this.current !== null) return;
    const call = (this.current = new AbortController());
    const { events } = this.state;
    this.show({ ...this.state, isLoading: true, error: undefined });
    const { limit, channel, client } = this;
    const before = events[0]?.id ?? this.before;
    try {
      const page = await history<object, string>(client, channel, { limit, before, signal: call.signal });
      if (this.current !== call) return;
      const { more, reason } = page;
      this.show({ events: [...page.events, ...events], more, reason, isLoading: false });
    } catch (error) {
      if (this.current === call) this.show({ ...this.state, isLoading: false, error });
    } finally {
      if (this.current === call) this.current = null;
    }
  }

  private forget(): void {
    this.current?.abort();
    this.current = null;
    this.show(NOTHING_LOADED);
  }

  private show(state: History): void {
    this.state = state;
    for (const changed of [...this.listeners]) changed();
  }
}
