import { atTimes, departureTimes } from './departures.js';

const LIMITS = { reconnectSpreadMs: 10_000, handshakesPerSecond: 1_000, handshakesPerSecondPerUser: 1 };

function users(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `u${index}`);
}

describe('departureTimes', () => {
  it('closes a few connections quickly, one after the other', () => {
    expect(departureTimes(users(4), LIMITS)).toEqual([0, 10, 20, 30]);
    expect(departureTimes([], LIMITS)).toEqual([]);
  });

  it('uses a tenth of the handshake rate of one instance', () => {
    expect(departureTimes(users(500), LIMITS).at(-1)).toBeCloseTo(4_990);
    expect(departureTimes(users(50), { ...LIMITS, handshakesPerSecond: 100 }).at(-1)).toBeCloseTo(4_900);
  });

  it('never takes longer than reconnectSpreadMs, and then spreads evenly', () => {
    const times = departureTimes(users(10_000), LIMITS);
    expect([times[1], times[5_000], times.at(-1)]).toEqual([1, 5_000, 9_999]);
    expect(departureTimes(users(3), { ...LIMITS, reconnectSpreadMs: 0 })).toEqual([0, 0, 0]);
  });

  it('closes the connections of one user no faster than the user can reconnect', () => {
    const times = departureTimes(
      Array.from({ length: 24 }, () => 'kiosk'),
      LIMITS,
    );
    expect(times[19]).toBe(190);
    expect(times.slice(20)).toEqual([1_000, 2_000, 3_000, 4_000]);
    const many = departureTimes(
      Array.from({ length: 1_000 }, () => 'kiosk'),
      LIMITS,
    );
    expect(Math.max(...many)).toBeLessThan(10_000);
    expect(departureTimes([null, null, null], LIMITS)).toEqual([0, 10, 20]);
  });
});

describe('atTimes', () => {
  it('calls back once for each time, in order', async () => {
    const order: number[] = [];
    await atTimes([30, 0, 15, 0], new AbortController().signal, (due) => order.push(...due));
    expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    expect([order.at(-2), order.at(-1)]).toEqual([2, 0]);
    const calls: (readonly number[])[] = [];
    await atTimes([5, 20], new AbortController().signal, (due) => void calls.push(due));
    expect(calls.every((due) => due.length > 0)).toBe(true);
  });

  it('stops waiting on abort', async () => {
    const order: number[] = [];
    const over = new AbortController();
    await atTimes([0, 600_000], over.signal, (due) => {
      order.push(...due);
      setImmediate(() => over.abort());
    });
    expect(order).toEqual([0]);
  });
});
