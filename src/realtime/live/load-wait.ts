import { sleep } from '../timing/retry.js';

/** Interval at which the result of a load of another instance is read, in milliseconds. */
const POLL_MS = 50;

/** Waits for a load of another instance. */
export class LoadWait {
  private until: number | null = null;

  /** @param onBegin called when the first wait begins */
  constructor(
    private readonly limitMs: number,
    private readonly onBegin: () => void = () => undefined,
  ) {}

  /** Waits before the next look. @returns false if it has waited long enough */
  async next(): Promise<boolean> {
    if (this.until === null) this.onBegin();
    this.until ??= performance.now() + this.limitMs;
    if (performance.now() > this.until) return false;
    await sleep(POLL_MS);
    return true;
  }
}
