import { jest } from '@jest/globals';
import { RecentEvents } from './recent-events.js';

describe('RecentEvents', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function watched(limit: number) {
    const recent = new RecentEvents<number>(limit);
    const shown: (readonly number[])[] = [];
    recent.subscribe(() => shown.push(recent.snapshot()));
    return { recent, shown };
  }

  it('shows the first value at once, and all others within the frame together', () => {
    const { recent, shown } = watched(3);
    for (const value of [1, 2, 3, 4, 5]) recent.add(value);
    expect(shown).toEqual([[1]]);
    jest.advanceTimersByTime(16);
    expect(shown).toEqual([[1], [3, 4, 5]]);
    jest.advanceTimersByTime(1_000);
    recent.add(6);
    expect(shown.at(-1)).toEqual([4, 5, 6]);
    expect(shown).toHaveLength(3);
  });

  it('never changes a list that it has shown', () => {
    const { recent, shown } = watched(2);
    recent.add(1);
    const first = recent.snapshot();
    expect(recent.snapshot()).toBe(first);
    recent.add(2);
    jest.advanceTimersByTime(16);
    expect(first).toEqual([1]);
    expect(shown.at(-1)).not.toBe(first);
  });

  it('bounds the values that wait for the next frame', () => {
    const { recent } = watched(10);
    for (let value = 1; value <= 10_000; value += 1) recent.add(value);
    jest.advanceTimersByTime(16);
    expect(recent.snapshot()).toEqual([9_991, 9_992, 9_993, 9_994, 9_995, 9_996, 9_997, 9_998, 9_999, 10_000]);
  });

  it('can shrink, grow, and keep nothing', () => {
    const { recent } = watched(3);
    for (const value of [1, 2, 3]) recent.add(value);
    jest.advanceTimersByTime(16);
    recent.resize(2);
    expect(recent.snapshot()).toEqual([2, 3]);
    recent.resize(3);
    jest.advanceTimersByTime(16);
    recent.add(4);
    expect(recent.snapshot()).toEqual([2, 3, 4]);
    recent.resize(0);
    expect(recent.snapshot()).toEqual([]);
    recent.add(5);
    jest.advanceTimersByTime(16);
    expect(recent.snapshot()).toEqual([]);
  });

  it('keeps nothing if the limit is not a number, instead of everything', () => {
    const { recent } = watched(Number.NaN);
    for (const value of [1, 2, 3]) recent.add(value);
    jest.advanceTimersByTime(16);
    expect(recent.snapshot()).toEqual([]);
  });

  it('drops values that do not match, also waiting ones', () => {
    const { recent, shown } = watched(9);
    for (const value of [1, 2, 3, 4]) recent.add(value);
    recent.keep((value) => value % 2 === 0);
    expect(recent.snapshot()).toEqual([2, 4]);
    const times = shown.length;
    recent.keep((value) => value > 0);
    expect(shown).toHaveLength(times);
  });

  it('calls a listener that was added during a notification at the next change', () => {
    const recent = new RecentEvents<number>(1);
    let added = 0;
    const stop = recent.subscribe(() => {
      stop();
      const again = (): void => void recent.subscribe(() => (added += 1) < 100 && again());
      again();
    });
    recent.add(1);
    expect(added).toBe(0);
  });
});
