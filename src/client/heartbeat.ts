/** Detects a dead connection. */
export interface Heartbeat {
  /** Call when data arrives. */
  received(): void;
  /** Pings now. @param withinMs timeout of the reply, in milliseconds */
  check(withinMs: number): void;
  stop(): void;
}

/**
 * Pings after a silence. Without a reply the connection is dead. After a page slept, timers are late while the reply
 * may be unread, so a late timer pings once more before it decides.
 * @param quietMs silence before a ping, and timeout of the reply, in milliseconds
 */
export function createHeartbeat(quietMs: number, ask: () => void, dead: () => void): Heartbeat {
  let receivedAt = performance.now();
  let askedAt: number | null = null;
  let answerMs = quietMs;
  let wasLate = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const checkIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(onTimer, ms);
  };
  const askWithin = (ms: number): void => {
    askedAt = performance.now();
    answerMs = ms;
    checkIn(ms);
    ask();
  };
  const onTimer = (): void => {
    const now = performance.now();
    if (askedAt === null) {
      const quiet = now - receivedAt;
      if (quiet < quietMs) checkIn(quietMs - quiet);
      else askWithin(quietMs);
    } else if (!wasLate && now - askedAt > 2 * answerMs) {
      wasLate = true;
      askWithin(answerMs);
    } else dead();
  };

  checkIn(quietMs);
  return {
    received() {
      receivedAt = performance.now();
      askedAt = null;
      wasLate = false;
    },
    check(withinMs) {
      const ms = Math.min(withinMs, quietMs);
      // Never extends a pending timeout: a page can check repeatedly.
      if (askedAt === null || askedAt + answerMs > performance.now() + ms) askWithin(ms);
    },
    stop: () => clearTimeout(timer),
  };
}
