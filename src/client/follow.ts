import { callListener } from './emitter.js';
import { clamp, MAX_TIMER_MS } from './limits.js';
import { outsideZone } from './outside-zone.js';
import type { Signal } from './signal.js';
import type { Channel, RealtimeEvent, Stop } from './types.js';
import { within } from './within.js';

/** The shortest wait and the shortest time limit, in milliseconds. */
const MIN_WAIT_MS = 100;

/** What {@link follow} calls. */
export interface Following<S, T> {
  /**
   * Loads the state, for example over REST. Called first, and again after each loss of continuity. The signal is aborted
   * when its result is no longer wanted, or did not come within `timeoutMs`.
   */
  readonly load: (request: { readonly signal: Signal }) => Promise<S>;
  /** The state as it was loaded: put it in the place of what was there. */
  readonly onLoad: (state: S) => void;
  /**
   * What has happened since, each channel in order. An event that happened while the state was being loaded may be in the
   * state already, so that applying it again must change nothing: set by id, do not count.
   */
  readonly onEvent: (event: RealtimeEvent<T>) => void;
  /** Loading failed, and is tried again; or a channel was refused. @default nothing is reported */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** The wait before loading is tried again, in milliseconds, 100 at least. @default 2000 */
  readonly retryMs?: number | undefined;
  /** How long loading can take, in milliseconds, 100 at least. @default 30000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * Loads, then follows, without a gap: subscribes first, which takes the position of each channel; loads while events wait;
 * then hands out what waited, and what comes. If events are missing (`reset`) it loads again; what was loaded for a former
 * user is dropped.
 * @returns ends it
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
  // The call of a former user: the reset of the new one loads again.
  let former: AbortController | undefined;
  // While the state is being loaded, events wait at this gate.
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
  /** Loads until the state is newer than the last reset; stops if a channel is not subscribed, until it is. */
  const load = async (): Promise<void> => {
    gate ??= new Promise((resolve) => (open = resolve));
    if (isLoading) return;
    isLoading = true;
    clearTimeout(timer);
    try {
      let state: S;
      do {
        await null; // `follow` returns before it calls `load`
        if (isOver || !all.every(hasBegun)) return;
        isStale = false;
        state = await loadOnce();
      } while (isStale);
      if (isOver) return;
      on.onLoad(state); // events wait on if it throws
      gate = null;
      open();
    } catch (error) {
      if (isOver) return;
      // First, so that it loads again even if onError throws.
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
          if (!isOver && before === resets) on.onEvent(event); // else the state that was loaded is newer
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
 * Its position is known, and whose it is: there is a connection. A channel that is behind is subscribed to again once its
 * events, which wait for the state, are handed out.
 */
function hasBegun({ change }: Channel): boolean {
  return change.state === 'subscribed' || change.code === 'behind';
}

function ignore(): void {}
