/** How long requests to load again are gathered, in milliseconds: what comes of one cause comes close together. */
const GATHER_MS = 25;

/**
 * Loads again when asked: many who ask within a moment are one load, and whoever asks while it goes on gets one more after
 * it, for the one that goes on may have read what stood before.
 */
export class Refetch {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private loading = false;
  private again = false;

  /** @param load what loads, to its end; what it rejects with is its own business */
  constructor(private readonly load: () => Promise<unknown>) {}

  ask(): void {
    if (this.loading) this.again = true;
    else this.timer ??= setTimeout(() => void this.run(), GATHER_MS);
  }

  private async run(): Promise<void> {
    this.timer = undefined;
    this.loading = true;
    try {
      await this.load();
    } catch {
      // Whoever uses the query sees its error.
    }
    this.loading = false;
    if (!this.again) return;
    this.again = false;
    this.ask();
  }
}
