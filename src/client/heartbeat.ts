/** Whether the other side still lives. */
export interface Heartbeat {
  /** Anything came in. */
  received(): void;
  /** Asks now. @param withinMs how long an answer may take */
  check(withinMs: number): void;
  stop(): void;
}

/**
 * When nothing was heard for a while it asks, and whoever does not answer is dead. A page that slept finds its timers late
 * and the answer still unread: so a late timer asks once more before it decides.
 * @param quietMs how long it may be quiet before it is asked, and how long an answer may take
 */
export function createHeartbeat(quietMs: number, ask: () => void, dead: () => void): Heartbeat {
  let heardAt = performance.now();
  let askedAt: number | null = null;
  let answerMs = quietMs;
  let wasLate = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const lookIn = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  };
  const askWithin = (ms: number): void => {
    askedAt = performance.now();
    answerMs = ms;
    lookIn(ms);
    ask();
  };
  const look = (): void => {
    const now = performance.now();
    if (askedAt === null) {
      const quiet = now - heardAt;
      if (quiet < quietMs) lookIn(quietMs - quiet);
      else askWithin(quietMs);
    } else if (!wasLate && now - askedAt > 2 * answerMs) {
      wasLate = true;
      askWithin(answerMs);
    } else dead();
  };

  lookIn(quietMs);
  return {
    received() {
      heardAt = performance.now();
      askedAt = null;
      wasLate = false;
    },
    check(withinMs) {
      const ms = Math.min(withinMs, quietMs);
      // Not later than an answer that is waited for: a page can ask again and again.
      if (askedAt === null || askedAt + answerMs > performance.now() + ms) askWithin(ms);
    },
    stop: () => clearTimeout(timer),
  };
}
