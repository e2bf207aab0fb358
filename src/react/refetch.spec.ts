import { jest } from '@jest/globals';
import { Refetch } from './refetch.js';

describe('Refetch', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  /** Counts its loads. Each load runs until the test ends it. */
  function counted() {
    const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
    const refetch = new Refetch(() => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })));
    return { refetch, ends };
  }
  const passes = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  it('loads once for requests that arrive together', async () => {
    const { refetch, ends } = counted();
    for (let count = 0; count < 5; count += 1) refetch.ask();
    expect(ends).toHaveLength(0);
    await passes(25);
    expect(ends).toHaveLength(1);
    ends[0]?.resolve();
    await passes(1_000);
    expect(ends).toHaveLength(1);
  });

  it('loads once more for requests during a load, also if that load fails', async () => {
    const { refetch, ends } = counted();
    refetch.ask();
    await passes(25);
    for (let count = 0; count < 5; count += 1) refetch.ask();
    await passes(1_000);
    expect(ends).toHaveLength(1);
    ends[0]?.reject(new Error('away'));
    await passes(25);
    expect(ends).toHaveLength(2);
    ends[1]?.resolve();
    await passes(1_000);
    expect(ends).toHaveLength(2);
  });

  it('replaces a load that does not end on the next request, each time after a longer wait', async () => {
    const late: boolean[] = [];
    const refetch = new Refetch((isLate) => {
      late.push(isLate);
      return new Promise(() => undefined);
    });
    refetch.ask();
    await passes(25);
    await passes(9_000);
    refetch.ask();
    expect(late).toEqual([false]);
    await passes(1_000);
    expect(late).toEqual([false, true]);
    await passes(60_000);
    expect(late).toEqual([false, true]); // nothing was asked for
    refetch.ask();
    expect(late).toEqual([false, true, true]);
    refetch.ask();
    await passes(39_000);
    expect(late).toHaveLength(3);
    await passes(1_000);
    expect(late).toHaveLength(4);
  });

  it('reports that it is idle, once the last load has ended, and leaves no timer behind', async () => {
    let idle = 0;
    const refetch = new Refetch(
      () => Promise.resolve(),
      () => (idle += 1),
    );
    refetch.ask();
    await passes(25);
    expect(idle).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
