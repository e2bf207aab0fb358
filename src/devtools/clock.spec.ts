import { jest } from '@jest/globals';
import type { AnyClient } from './any-client.js';
import { createClock } from './clock.js';

/** A client whose answers take the given times. The clock of the server is 500 ms ahead, and answers in the middle. */
function clientWith(trips: number[]): AnyClient {
  const request = async ({ type }: { type: string }) => {
    expect(type).toBe('ping');
    const trip = trips.shift()!;
    const timestamp = new Date(Date.now() + trip / 2 + 500).toISOString();
    jest.setSystemTime(Date.now() + trip);
    return { timestamp };
  };
  return { request } as unknown as AnyClient;
}

describe('the clock of the server', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void jest.useRealTimers());

  it('is measured by three pings, of which the shortest counts', async () => {
    const clock = createClock(clientWith([100, 20, 60]));
    expect(clock.measured).toBeUndefined();
    await clock.measure();
    expect(clock.measured).toEqual({ offsetMs: 500, errorMs: 10 });
  });

  it('is replaced only by a measurement that is at least as good', async () => {
    const clock = createClock(clientWith([20, 20, 20, 90, 80, 70]));
    await clock.measure();
    const { measured } = clock;
    await clock.measure();
    expect(clock.measured).toBe(measured);
  });
});
