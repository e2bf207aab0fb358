import { jest } from '@jest/globals';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { causedBy } from '../publishing/current-cause.js';
import { withProgress } from './progress.js';
import { RunningCall } from './running-call.js';

const ORIGIN = { caller: null, connectionId: 'c1', address: '::1', countedAs: '::1', isSubscribed: () => false };

describe('a handler with progress', () => {
  let call: RunningCall;
  let received: string[];

  /** Calls a handler for the call. */
  const run = (handler: (...args: unknown[]) => unknown): unknown =>
    causedBy(call, () => withProgress(handler).call({}, 'input'));

  beforeEach(() => {
    received = [];
    call = new RunningCall('1', 'import', ORIGIN, 'ann', '1 ann', null, () => null);
    call.join({ end: () => undefined, progress: (json) => received.push(json) });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('keeps its name, its metadata, and results that are no generator', async () => {
    const handler = Object.assign(
      function importRows(this: object, input: unknown): unknown {
        return input;
      },
      { marked: true },
    );
    expect(withProgress(handler).name).toBe('importRows');
    expect((withProgress(handler) as typeof handler).marked).toBe(true);
    expect(run(handler)).toBe('input');
    for (const value of [null, undefined, 'text', [1], { return: 1 }]) expect(run(() => value)).toBe(value);
    const stream = { [Symbol.asyncIterator]: () => undefined };
    expect(run(() => stream)).toBe(stream);
  });

  it('sends the first value at once and the last one before the result', async () => {
    const result = run(async function* () {
      yield { done: 1 };
      yield { done: 2 };
      yield { done: 3 };
      return 'all';
    });
    expect(await result).toBe('all');
    expect(received).toEqual(['{"done":1}', '{"done":3}']);
  });

  it('sends the newest value at most every 50 ms', async () => {
    jest.useFakeTimers();
    let resume: () => void = () => undefined;
    const pause = () => new Promise<void>((resolve) => (resume = resolve));
    const advance = async (ms: number): Promise<void> => {
      await jest.advanceTimersByTimeAsync(ms);
      await nextTurn(); // the generator continues
    };
    const result = run(async function* () {
      yield 1;
      yield 2;
      yield 3;
      await pause();
      yield 4;
      await pause();
      yield 5;
      await pause();
      return 'all';
    });
    await advance(49);
    expect(received).toEqual(['1']);
    await advance(1);
    expect(received).toEqual(['1', '3']);
    resume();
    await advance(49);
    expect(received).toEqual(['1', '3']);
    await advance(1);
    expect(received).toEqual(['1', '3', '4']);
    await advance(50); // nothing waits
    expect(received).toEqual(['1', '3', '4']);
    resume();
    await advance(0);
    expect(received).toEqual(['1', '3', '4', '5']);
    resume();
    expect(await result).toBe('all');
    expect(received).toEqual(['1', '3', '4', '5']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('stops when the call is cancelled, and runs its finally blocks', async () => {
    let isCleaned = false;
    const result = run(async function* () {
      try {
        yield 1;
        call.abort('cancelled');
        yield 2;
        return 'never';
      } finally {
        isCleaned = true;
      }
    });
    expect(await result).toBeUndefined();
    expect([received, isCleaned]).toEqual([['1'], true]);
  });

  it('fails with its generator, and sends no value afterwards', async () => {
    jest.useFakeTimers();
    const result = run(async function* () {
      yield 1;
      yield 2;
      throw new Error('row 3');
    }) as Promise<unknown>;
    await expect(result).rejects.toThrow('row 3');
    expect(jest.getTimerCount()).toBe(0);
    expect(received).toEqual(['1']);
  });

  it('refuses a value of more than 65,536 bytes', async () => {
    const yields = (length: number) =>
      run(async function* () {
        yield 'é'.repeat(length);
      }) as Promise<unknown>;
    await yields((65_536 - 2) / 2);
    expect(received).toHaveLength(1);
    await expect(yields((65_536 - 2) / 2 + 1)).rejects.toMatchObject({ code: 'too_large' });
  });

  it('lets other work run, although its generator never waits', async () => {
    let turns = 0;
    const isWorking = setInterval(() => (turns += 1), 1);
    try {
      await run(async function* () {
        while (turns === 0) yield turns;
        return turns;
      });
    } finally {
      clearInterval(isWorking);
    }
    expect(turns).toBeGreaterThan(0);
  });

  it('cannot run outside of a call', async () => {
    const handler = withProgress(async function* () {
      yield 1;
    });
    await expect(handler.call({})).rejects.toThrow('outside of a call');
  });
});
