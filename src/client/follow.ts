import type { Channel, RealtimeEvent, Stop } from './types.js';

/** What {@link follow} calls. */
export interface Following<S, T> {
  /** Loads the state, for example over REST. Called first, and again after each loss of continuity. */
  readonly load: () => Promise<S>;
  /** The state as it was loaded: put it in the place of what was there. */
  readonly onLoad: (state: S) => void;
  /**
   * What has happened since, each channel in order. An event that happened while the state was being loaded may be in the
   * state already, so that applying it again must change nothing: set by id, do not count.
   */
  readonly onEvent: (event: RealtimeEvent<T>) => void;
  /** Loading failed, and is tried again; or a channel was refused, which is waited for. @default nothing is told */
  readonly onError?: (error: unknown) => void;
  /** The wait before loading is tried again, in milliseconds. @default 2000 */
  readonly retryMs?: number;
}

/**
 * Loads, then follows, without a hole: subscribes first, which takes the position of each channel; loads while events
 * wait; then hands out what waited, and what comes. Where events are missing (`reset`) it loads again.
 * @returns ends it
 */
export function follow<S, T>(channels: Channel<T> | readonly Channel<T>[], on: Following<S, T>): Stop {
  const all: readonly Channel<T>[] = 'name' in channels ? [channels] : channels;
  let isOver = false;
  let isLoading = false;
  let isStale = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  // While the state is being loaded, events wait at this gate.
  let gate: Promise<void> | null = null;
  let open: Stop = () => undefined;

  const load = async (): Promise<void> => {
    isStale = true;
    gate ??= new Promise((resolve) => (open = resolve));
    if (isLoading || isOver || all.some(({ state }) => state !== 'subscribed')) return;
    isLoading = true;
    clearTimeout(timer);
    try {
      let state: S | undefined;
      while (isStale) {
        isStale = false;
        state = await on.load();
        if (isOver) return;
      }
      on.onLoad(state as S);
      gate = null;
      open();
    } catch (error) {
      if (isOver) return;
      on.onError?.(error);
      timer = setTimeout(() => void load(), on.retryMs ?? 2_000);
    } finally {
      isLoading = false;
    }
  };
  const stops = all.flatMap((channel) => {
    let resets = 0;
    return [
      channel.on('event', (event) => {
        if (gate === null) return on.onEvent(event);
        const before = resets;
        return gate.then(() => {
          if (!isOver && before === resets) on.onEvent(event); // else the state that was loaded is newer
        });
      }),
      channel.on('reset', () => {
        resets += 1;
        void load();
      }),
      channel.on('state', ({ state, error }) => {
        if (state === 'subscribed' && gate !== null) void load();
        if (error !== undefined) on.onError?.(error);
      }),
      channel.subscribe(),
    ];
  });
  void load();
  return () => {
    isOver = true;
    clearTimeout(timer);
    open();
    for (const stop of stops) stop();
  };
}
