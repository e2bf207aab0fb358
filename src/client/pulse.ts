/**
 * Whether the other side still lives. When nothing was heard for a while it asks, and whoever does not answer is dead.
 * A page that slept finds its timers late and the answer still unread: so a late timer asks once more before it judges.
 */
export class Pulse {
  #heardAt = performance.now();
  #askedAt: number | null = null;
  #withinMs = 0;
  #wasLate = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param quietMs how long it may be quiet before it is asked, and how long an answer may take */
  constructor(
    private readonly quietMs: number,
    private readonly ask: () => void,
    private readonly dead: () => void,
  ) {
    this.#lookIn(quietMs);
  }

  /** Anything that came in. */
  heard(): void {
    this.#heardAt = performance.now();
    this.#askedAt = null;
    this.#wasLate = false;
  }

  /** Asks now. */
  check(withinMs: number): void {
    this.#askedAt = performance.now();
    this.#withinMs = Math.min(withinMs, this.quietMs);
    this.ask();
    this.#lookIn(this.#withinMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    if (this.#askedAt === null) {
      const quiet = now - this.#heardAt;
      if (quiet < this.quietMs) this.#lookIn(this.quietMs - quiet);
      else this.check(this.quietMs);
    } else if (!this.#wasLate && now - this.#askedAt > 2 * this.#withinMs) {
      this.#wasLate = true;
      this.check(this.#withinMs);
    } else {
      this.dead();
    }
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), ms);
  }
}
