/**
 * Runs one job at a time. Calls during a run share one further run, which begins after the last of them: each caller gets a run
 * that began after its call, and a flood of calls causes two runs, not a flood.
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
