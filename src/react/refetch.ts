/** How long requests to load again are gathered, in milliseconds: what has one cause comes close together. */
const GATHER_MS = 25;

/** How long a load can take before a request for another one ends it, in milliseconds; twice as long after each in a row. */
const PATIENCE_MS = 10_000;

/** … at most. */
const MAX_PATIENCE_MS = 80_000;

/**
 * Loads again when asked. Requests within a moment are one load. Requests during a load are one more after it, because the
 * one that goes on may have read the former state; if it does not end, it is replaced.
 */
export class Refetch {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private limit: ReturnType<typeof setTimeout> | undefined;
  private loading: object | null = null;
  private isLate = false;
  private again = false;
  private patienceMs = PATIENCE_MS;

  /**
   * @param load loads, to its end; its errors are those of the queries. `isLate`: the last one did not end
   * @param onIdle nothing is asked for any more
   */
  constructor(
    private readonly load: (isLate: boolean) => Promise<unknown>,
    private readonly onIdle: () => void = () => undefined,
  ) {}

  ask(): void {
    if (this.loading === null) this.timer ??= setTimeout(() => void this.run(false), GATHER_MS);
    else if (this.isLate) this.replace();
    else this.again = true;
  }

  private async run(replaces: boolean): Promise<void> {
    const current = (this.loading = {});
    this.timer = undefined;
    this.again = this.isLate = false;
    this.limit = setTimeout(() => {
      this.isLate = true;
      if (this.again) this.replace();
    }, this.patienceMs);
    await this.load(replaces).catch(() => undefined); // who uses the query sees its error
    if (this.loading !== current) return;
    clearTimeout(this.limit);
    this.loading = null;
    this.patienceMs = PATIENCE_MS;
    if (this.again) this.ask();
    else this.onIdle();
  }

  private replace(): void {
    clearTimeout(this.limit);
    this.patienceMs = Math.min(2 * this.patienceMs, MAX_PATIENCE_MS);
    void this.run(true);
  }
}
