import { jest } from '@jest/globals';
import { TimeSlices } from './time-slices.js';

describe('TimeSlices', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => jest.useRealTimers());

  it('yields to the event loop after every 32 steps, and returns no promise in between', async () => {
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

  it('yields when the steps have taken 10 ms', async () => {
    const slices = new TimeSlices();
    for (let round = 0; round < 2; round += 1) {
      jest.advanceTimersByTime(9);
      expect(slices.next()).toBeUndefined();
      jest.advanceTimersByTime(1);
      await expect(slices.next()).resolves.toBeUndefined();
    }
  });
});
