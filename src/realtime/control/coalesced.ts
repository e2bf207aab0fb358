/**
 * Runs one job at a time. However often it is asked for while one runs, one more follows, which begins after the last of
 * these calls: whoever asks can rely on a run that saw the state of that moment, and a flood of calls is no flood of runs.
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
