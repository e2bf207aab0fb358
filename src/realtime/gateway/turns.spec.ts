import { jest } from '@jest/globals';
import { Turns } from './turns.js';

describe('Turns', () => {
  beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => jest.useRealTimers());

  it('lets the event loop turn after each 32 steps, and costs nothing in between', async () => {
    const turns = new Turns();
    for (let round = 0; round < 2; round += 1) {
      let turned = 0;
      setImmediate(() => (turned += 1));
      for (let step = 1; step < 32; step += 1) expect(turns.next()).toBeUndefined();
      expect(turned).toBe(0);
      await turns.next();
      expect(turned).toBe(1);
    }
  });

  it('lets it turn when steps have taken 10 ms', async () => {
    const turns = new Turns();
    for (let round = 0; round < 2; round += 1) {
      jest.advanceTimersByTime(9);
      expect(turns.next()).toBeUndefined();
      jest.advanceTimersByTime(1);
      await expect(turns.next()).resolves.toBeUndefined();
    }
  });
});
