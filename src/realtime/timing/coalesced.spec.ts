import { coalesced } from './coalesced.js';

describe('coalesced', () => {
  /** Returns a coalesced job, and a function for each of its runs that ends it. */
  function held(): { readonly run: () => Promise<void>; readonly ends: ((error?: Error) => void)[] } {
    const ends: ((error?: Error) => void)[] = [];
    const job = (): Promise<void> =>
      new Promise((resolve, reject) => ends.push((error) => (error === undefined ? resolve() : reject(error))));
    return { run: coalesced(job), ends };
  }

  it('runs one job at a time, and one more for all calls during a run', async () => {
    const { run, ends } = held();
    const first = run();
    const later = [run(), run(), run()];
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await first;
    await Promise.resolve();
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await Promise.all(later);
    expect(ends).toHaveLength(2);
    const again = run();
    ends[2]?.();
    await again;
    expect(ends).toHaveLength(3);
  });

  it('runs again after a failed job, and rejects the caller of the failed job', async () => {
    const { run, ends } = held();
    const [first, second] = [run(), run()];
    const failed = first.catch((error: unknown) => error);
    ends[0]?.(new Error('down'));
    expect(await failed).toEqual(new Error('down'));
    while (ends.length < 2) await Promise.resolve();
    ends[1]?.();
    await second;
  });
});
