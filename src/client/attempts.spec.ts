import { jest } from '@jest/globals';
import { createAttempts } from './attempts.js';
import { resolveOptions } from './options.js';

const options = resolveOptions({ url: 'ws://fake/ws', WebSocket: class {} as never });
const FAILED = { cause: 'unreachable' } as const;

/** Attempts during an outage that begins at 0. @returns their times in milliseconds, the first one after the outage last */
function attemptsDuring(outageMs: number): number[] {
  const attempts = createAttempts(options, () => undefined);
  const times: number[] = [];
  while ((times.at(-1) ?? -1) < outageMs) {
    attempts.ended(FAILED);
    jest.advanceTimersByTime(attempts.retryInMs(FAILED, ''));
    times.push(performance.now() - begun);
  }
  return times;
}

let begun = 0;

describe('the waits between attempts to connect', () => {
  beforeEach(() => {
    jest.useFakeTimers();
    begun = performance.now();
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });

  // Short waits first: a bound that doubles with each attempt is long by the time the server is back.
  it.each([0.5, 1.5, 3, 5, 14, 29])('end after at most two and a half times an outage of %d s', (seconds) => {
    const isEarly = (): boolean => performance.now() - begun < seconds * 500;
    jest.spyOn(Math, 'random').mockImplementation(() => (isEarly() ? 0.05 : 0.999_999));
    const back = attemptsDuring(seconds * 1_000).at(-1)!;
    expect(back).toBeLessThan(Math.max(2.5 * seconds, seconds + 1) * 1_000 + 1);
  });

  it('do not exceed maxDelayMs in a longer outage', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999_999);
    const times = attemptsDuring(600_000);
    const waits = times.map((time, index) => time - (times[index - 1] ?? 0));
    expect(Math.max(...waits)).toBeLessThan(30_001);
    expect(waits.at(-1)).toBeGreaterThan(29_000);
  });

  it('allow at most two attempts a second in the first seconds of an outage, and four a minute later', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const times = attemptsDuring(300_000);
    const between = (from: number, to: number): number =>
      times.filter((time) => time >= from * 1_000 && time < to * 1_000).length;
    expect(between(0, 2)).toBeLessThanOrEqual(4);
    expect(between(2, 10)).toBeLessThanOrEqual(6);
    expect(between(60, 300)).toBeLessThanOrEqual(16);
  });

  it('begin short again after a sleep of an hour', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999_999);
    const attempts = createAttempts(options, () => undefined);
    attempts.ended(FAILED);
    attempts.retryInMs(FAILED, '');
    jest.advanceTimersByTime(3_600_000);
    attempts.ended(FAILED);
    expect(attempts.retryInMs(FAILED, '')).toBeLessThan(2_001);
  });
});
