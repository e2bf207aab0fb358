import { outsideZone } from '../outside-zone.js';
import type { Stop } from '../types.js';

/** Minimum time between two calls, in milliseconds: one frame of a display. */
const FRAME_MS = 16;

/** Calls listeners at most once per frame, at any rate of changes, also in a hidden page. */
export interface Notifier {
  /** Calls the listeners now, or when the frame is over. @param isUrgent true to call them now in any case */
  changed(isUrgent?: boolean): void;
  add(listener: () => void): Stop;
  /** Drops a call that waits. */
  stop(): void;
}

export function createNotifier(): Notifier {
  const listeners = new Set<{ readonly listener: () => void }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let calledAt = -Infinity;

  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const call = (): void => {
    stop();
    calledAt = performance.now();
    for (const one of [...listeners]) if (listeners.has(one)) one.listener();
  };
  return {
    changed(isUrgent = false) {
      if (listeners.size === 0) return;
      if (isUrgent) return call();
      if (timer !== undefined) return;
      const wait = calledAt + FRAME_MS - performance.now();
      if (wait <= 0) call();
      else outsideZone(() => (timer = setTimeout(call, wait)));
    },
    add(listener) {
      const one = { listener };
      listeners.add(one);
      return () => void listeners.delete(one);
    },
    stop,
  };
}
