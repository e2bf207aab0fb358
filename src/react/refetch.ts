/** Time to batch refetch requests, in milliseconds: requests with the same cause arrive close together. */
const GATHER_MS = 25;

/** Time after which a new request cancels a slow load, in milliseconds. Doubles after each cancelled load in a row. */
const PATIENCE_MS = 10_000;

/** Upper limit of that time, in milliseconds. */
const MAX_PATIENCE_MS = 80_000;

/**
 * Refetches on request, in batches. Requests during a load cause one more load, because the current one may have read
 * the old state. A load that takes too long is replaced.
 */
export class Refetch {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private limit: ReturnType<typeof setTimeout> | undefined;
  private loading: object | null = null;
  private isLate = false;
  private again = false;
  private patienceMs = PATIENCE_MS;

  /**
   * @param load resolves when the load ends; the queries handle its errors. `isLate` is true if the previous load did
   *   not end in time
   * @param onIdle called when no request is pending
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
    await this.load(replaces).catch(() => undefined); // the users of the query see its error
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
