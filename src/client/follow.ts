import { callListener } from './emitter.js';
import { clamp, MAX_TIMER_MS } from './limits.js';
import { outsideZone } from './outside-zone.js';
import type { Signal } from './signal.js';
import type { Channel, RealtimeEvent, Stop } from './types.js';
import { within } from './within.js';

/** Minimum of the wait and the timeout, in milliseconds. */
const MIN_WAIT_MS = 100;

/** Callbacks and options of {@link follow}. */
export interface Following<S, T> {
  /**
   * Loads the state, for example over REST. Called first, and again after each loss of continuity. The signal is
   * aborted when the result is no longer wanted, or after `timeoutMs`.
   */
  readonly load: (request: { readonly signal: Signal }) => Promise<S>;
  /** Called with the loaded state, which replaces the previous one. */
  readonly onLoad: (state: S) => void;
  /**
   * Called with later events, in order per channel. An event that happened during loading may be in the state already,
   * so applying it again must have no effect: set by id, do not count.
   */
  readonly onEvent: (event: RealtimeEvent<T>) => void;
  /** Called when loading failed and will be retried, or when a channel was refused. @default errors are not reported */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Wait before loading is retried, in milliseconds, at least 100. @default 2000 */
  readonly retryMs?: number | undefined;
  /** Timeout of loading, in milliseconds, at least 100. @default 30000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * Loads state and then follows events without a gap. Subscribes first, which fixes the position of each channel; loads
 * while events wait; then passes the waiting and later events. Reloads after missing events (`reset`). Drops state that
 * was loaded for a former user.
 * @returns a function that stops following
 */
export function follow<S, T>(channels: Channel<T> | readonly Channel<T>[], on: Following<S, T>): Stop {
  return outsideZone(() => begin('name' in channels ? [channels] : [...new Set(channels)], on));
}

function begin<S, T>(all: readonly Channel<T>[], on: Following<S, T>): Stop {
  const retryMs = clamp(on.retryMs, MIN_WAIT_MS, MAX_TIMER_MS, 2_000);
  const timeoutMs = clamp(on.timeoutMs, MIN_WAIT_MS, MAX_TIMER_MS, 30_000);
  let isOver = false;
  let isLoading = false;
  let isStale = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let call = new AbortController();
  // The aborted load of a former user. Its error is not reported, because the reset for the new user reloads.
  let former: AbortController | undefined;
  // Events wait here while the state is loading.
  let gate: Promise<void> | null = null;
  let open: Stop = () => undefined;

  const loadOnce = async (): Promise<S> => {
    const { signal } = (call = new AbortController());
    try {
      const loading = Promise.resolve().then(() => on.load({ signal }));
      return await within(loading, timeoutMs, 'load did not answer', signal);
    } catch (error) {
      call.abort();
      throw error;
    }
  };
  /** Loads until the state is newer than the last reset. Stops while a channel is not subscribed. */
  const load = async (): Promise<void> => {
    gate ??= new Promise((resolve) => (open = resolve));
    if (isLoading) return;
    isLoading = true;
    clearTimeout(timer);
    try {
      let state: S;
      do {
        await Promise.resolve(); // `follow` returns before it calls `load`
        if (isOver || !all.every(hasBegun)) return;
        isStale = false;
        state = await loadOnce();
      } while (isStale);
      if (isOver) return;
      on.onLoad(state); // events keep waiting if it throws
      gate = null;
      open();
    } catch (error) {
      if (isOver) return;
      // First, so that it reloads even if onError throws.
      timer = setTimeout(() => void load(), isStale ? 0 : retryMs);
      if (call !== former) void callListener(on.onError ?? ignore, error);
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
          if (!isOver && before === resets) on.onEvent(event); // otherwise the loaded state is newer
        });
      }),
      channel.on('reset', () => {
        resets += 1;
        isStale = true;
        void load();
      }),
      channel.on('state', ({ previous, code, error }) => {
        if (code === 'other_user') {
          resets += 1;
          former = call;
          call.abort();
        }
        if (gate !== null && previous !== 'subscribed' && hasBegun(channel)) void load();
        if (error !== undefined) on.onError?.(error);
      }),
      channel.subscribe(),
    ];
  });
  void load();
  return () => {
    isOver = true;
    clearTimeout(timer);
    call.abort();
    open();
    for (const stop of stops) stop();
  };
}

/**
 * Returns true if the channel's position and user are known, which requires a connection. A channel that is behind
 * resubscribes once its events, which wait for the state, are handled.
 */
function hasBegun({ change }: Channel): boolean {
  return change.state === 'subscribed' || change.code === 'behind';
}

function ignore(): void {}
