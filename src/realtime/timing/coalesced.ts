/**
 * Runs one job at a time. Calls during a run share one further run, which starts after the current one. So each caller gets a run
 * that started after its call, and any number of calls during a run cause only one more run.
 */
export function coalesced(job: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const run = (): Promise<void> => (running = job().finally(() => (running = null)));
  return () => {
    if (running === null) return run();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return run();
      });
    return next;
  };
}
