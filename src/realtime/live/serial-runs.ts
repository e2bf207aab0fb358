/**
 * Runs work one at a time for each key. A call that comes while another one waits to begin gets its result: what it needs happened
 * before that begins.
 */
export class SerialRuns {
  private readonly running = new Map<string, Promise<void>>();
  private readonly next = new Map<string, Promise<void>>();

  run(key: string, work: () => Promise<void>): Promise<void> {
    const waiting = this.next.get(key);
    if (waiting !== undefined) return waiting;
    const before = this.running.get(key);
    if (before === undefined) return this.begin(key, work);
    const started = before
      .catch(() => undefined)
      .then(() => {
        this.next.delete(key);
        return this.begin(key, work);
      });
    this.next.set(key, started);
    return started;
  }

  private begin(key: string, work: () => Promise<void>): Promise<void> {
    const run = work().finally(() => {
      if (this.running.get(key) === run) this.running.delete(key);
    });
    this.running.set(key, run);
    return run;
  }
}
