import { jest } from '@jest/globals';
import { TimeSlices } from './time-slices.js';

describe('TimeSlices', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => jest.useRealTimers());

  it('lets the event loop turn after each 32 steps, and costs nothing in between', async () => {
    const slices = new TimeSlices();
    for (let round = 0; round < 2; round += 1) {
      let turned = 0;
      setImmediate(() => (turned += 1));
      for (let step = 1; step < 32; step += 1) expect(slices.next()).toBeUndefined();
      expect(turned).toBe(0);
      await slices.next();
      expect(turned).toBe(1);
    }
  });

  it('lets it turn when steps have taken 10 ms', async () => {
    const slices = new TimeSlices();
    for (let round = 0; round < 2; round += 1) {
      jest.advanceTimersByTime(9);
      expect(slices.next()).toBeUndefined();
      jest.advanceTimersByTime(1);
      await expect(slices.next()).resolves.toBeUndefined();
    }
  });
});
