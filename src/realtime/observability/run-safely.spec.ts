import { Logger } from '@nestjs/common';
import { jest } from '@jest/globals';
import { reportFailure, runSafely, safely } from './run-safely.js';

describe('work of an entry point', () => {
  let lines: [string, unknown][];
  let names = 0;
  const nextName = (): string => `Work ${(names += 1)}`;

  beforeEach(() => {
    lines = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((...line: unknown[]) => {
      lines.push(line as [string, unknown]);
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const boom = new Error('boom');
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw boom;
      },
    ],
    ['rejects', () => Promise.reject(boom)],
    [
      'returns a thenable that rejects',
      () => ({ then: (_resolve: unknown, reject: (error: Error) => void) => reject(boom) }),
    ],
  ])('that %s is logged, and calls onFailure', async (_how, work) => {
    const name = nextName();
    const ended = new Promise<string>((resolve) => runSafely(name, work, () => resolve('ended')));
    await expect(ended).resolves.toBe('ended');
    expect(lines).toEqual([[`${name} failed`, boom]]);
  });

  it('does not call onFailure if it succeeds', async () => {
    const end = jest.fn();
    runSafely(nextName(), () => 1, end);
    runSafely(nextName(), () => Promise.resolve(), end);
    await Promise.resolve();
    expect(end).not.toHaveBeenCalled();
    expect(lines).toEqual([]);
  });

  it('passes the arguments of a listener on, and logs a name once in ten seconds', () => {
    const seen: number[] = [];
    const listener = safely(nextName(), (first: number, second: number) => {
      seen.push(first, second);
      throw boom;
    });
    listener(1, 2);
    listener(3, 4);
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(lines).toHaveLength(1);
  });

  it('does not throw if its cleanup throws', () => {
    const name = nextName();
    const fail = (): never => {
      throw boom;
    };
    expect(() => reportFailure(name, boom, fail)).not.toThrow();
    expect(lines.map(([line]) => line)).toEqual([`${name} failed`, `${name} failed, and so did its cleanup`]);
  });

  it('does not throw if the logger of the application throws', () => {
    jest.restoreAllMocks();
    Logger.overrideLogger({
      log: () => undefined,
      warn: () => undefined,
      error: () => {
        throw new Error('the disk is full');
      },
    });
    const end = jest.fn();
    expect(() => runSafely(nextName(), () => JSON.parse('{'), end)).not.toThrow();
    expect(end).toHaveBeenCalledTimes(1);
    Logger.overrideLogger(false);
  });
});
