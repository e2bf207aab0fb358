import type { Stop } from '../client/index.js';

/** Minimum time between two calls, in milliseconds: one frame of a display. */
const FRAME_MS = 16;

/**
 * Limits calls to one per frame: each WebSocket message is a separate task, and a render per message would block the page. The
 * first call is made at once, and the last one is never left out.
 * @returns a function to call at any rate, which calls at once if it is urgent; and one that ends it
 */
export function perFrame(run: () => void): [call: (isUrgent: boolean) => void, stop: Stop] {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ranAt = -Infinity;
  const now = (): void => {
    clearTimeout(timer);
    timer = undefined;
    ranAt = performance.now();
    run();
  };
  const call = (isUrgent: boolean): void => {
    const wait = ranAt + FRAME_MS - performance.now();
    if (isUrgent || wait <= 0) now();
    else timer ??= setTimeout(now, wait);
  };
  return [call, () => clearTimeout(timer)];
}
