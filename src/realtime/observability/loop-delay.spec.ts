import { LoopDelay } from './loop-delay.js';

describe('LoopDelay', () => {
  let delay: LoopDelay;
  beforeEach(() => {
    delay = new LoopDelay();
    delay.start(0);
  });
  afterEach(() => delay.stop());

  const sampleOnTime = (from: number, to: number): void => {
    for (let now = from; now <= to; now += 50) delay.sample(now);
  };

  it('is 0 while the timer fires on time', () => {
    sampleOnTime(50, 5_000);
    expect(delay.recentMax(5_010)).toBe(0);
  });

  it('is the lateness of the timer', () => {
    sampleOnTime(50, 1_000);
    delay.sample(2_050);
    expect(delay.recentMax(2_050)).toBe(1_000);
  });

  it('includes a delay that is not over yet', () => {
    sampleOnTime(50, 1_000);
    expect(delay.recentMax(1_750)).toBe(700);
  });

  it('is remembered for half a second to a second', () => {
    sampleOnTime(50, 1_000);
    delay.sample(2_050);
    sampleOnTime(2_100, 2_500);
    expect(delay.recentMax(2_500)).toBe(1_000);
    sampleOnTime(2_550, 3_100);
    expect(delay.recentMax(3_100)).toBe(0);
  });

  it('is 0 while it is stopped', () => {
    delay.stop();
    expect(delay.recentMax(1_000_000)).toBe(0);
  });
});
