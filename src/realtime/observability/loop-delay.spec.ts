import { LoopDelay } from './loop-delay.js';

describe('LoopDelay', () => {
  let delay: LoopDelay;
  beforeEach(() => {
    delay = new LoopDelay();
    delay.start(0);
  });
  afterEach(() => delay.stop());

  const looksOnTime = (from: number, to: number): void => {
    for (let now = from; now <= to; now += 50) delay.sample(now);
  };

  it('is none while the timer comes on time', () => {
    looksOnTime(50, 5_000);
    expect(delay.recentMax(5_010)).toBe(0);
  });

  it('is by how much the timer came late', () => {
    looksOnTime(50, 1_000);
    delay.sample(2_050);
    expect(delay.recentMax(2_050)).toBe(1_000);
  });

  it('counts one that is not over yet', () => {
    looksOnTime(50, 1_000);
    expect(delay.recentMax(1_750)).toBe(700);
  });

  it('is remembered for half a second at least, and a second at most', () => {
    looksOnTime(50, 1_000);
    delay.sample(2_050);
    looksOnTime(2_100, 2_500);
    expect(delay.recentMax(2_500)).toBe(1_000);
    looksOnTime(2_550, 3_100);
    expect(delay.recentMax(3_100)).toBe(0);
  });

  it('is none when nobody looks', () => {
    delay.stop();
    expect(delay.recentMax(1_000_000)).toBe(0);
  });
});
