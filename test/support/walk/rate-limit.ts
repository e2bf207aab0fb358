/** Upper bound per minute for one client with the default delays, in addition to the application's own requests. */
const MAX_A_MINUTE = 40;

/** Compares connections and calls per minute with what the application asked for. */
export class RateLimit {
  readonly #asked: number[] = [];
  readonly #done = new Map<string, number[]>();

  /** @param clients returns the number of clients that can connect */
  constructor(
    private readonly report: (problem: string) => void,
    private readonly clients: () => number = () => 1,
  ) {}

  /** Records a request of the application that can need a connection. */
  asks(): void {
    this.#asked.push(performance.now());
  }

  /** @throws Error above the limit, which breaks endless loops */
  count(what: string): void {
    const times = this.#done.get(what) ?? [];
    this.#done.set(what, times);
    times.push(performance.now());
    const bound = MAX_A_MINUTE * this.clients() + 4 * inLastMinute(this.#asked);
    if (inLastMinute(times) <= bound) return;
    this.report(`more than ${bound} ${what} within a minute`);
    throw new Error('too many');
  }
}

function inLastMinute(times: readonly number[]): number {
  const from = performance.now() - 60_000;
  return times.filter((at) => at > from).length;
}
