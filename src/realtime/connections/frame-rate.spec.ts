import { FrameRate } from './frame-rate.js';

/** Returns how many of `count` simultaneous frames are within the rate. */
const take = (rate: FrameRate, count: number, now: number): number =>
  Array.from({ length: count }, () => rate.take(now)).filter(Boolean).length;

describe('FrameRate', () => {
  it('allows a burst of twice the rate, then the rate', () => {
    const rate = new FrameRate(10, 0);
    expect(take(rate, 50, 0)).toBe(20);
    expect(take(rate, 50, 1_000)).toBe(10);
    expect(take(rate, 50, 1_100)).toBe(1);
    expect(take(rate, 50, 1_150)).toBe(0);
  });

  it('saves up at most one burst', () => {
    const rate = new FrameRate(10, 0);
    expect(take(rate, 50, 1e9)).toBe(20);
  });

  it('allows the rate indefinitely', () => {
    const rate = new FrameRate(10, 0);
    for (let now = 0; now < 100_000; now += 100) expect(rate.take(now)).toBe(true);
    expect(rate.flooding).toBe(false);
  });

  it('counts as flooding after as many rejections in a row as a burst', () => {
    const rate = new FrameRate(10, 0);
    take(rate, 20 + 19, 0);
    expect(rate.flooding).toBe(false);
    rate.take(0);
    expect(rate.flooding).toBe(true);
  });

  it('resets the rejections after a pause that refills half of the burst', () => {
    const rate = new FrameRate(10, 0);
    take(rate, 20 + 19, 0);
    expect(rate.take(1_000)).toBe(true);
    take(rate, 9 + 19, 1_000);
    expect(rate.flooding).toBe(false);
  });

  it('keeps the rejections after a shorter pause', () => {
    const rate = new FrameRate(10, 0);
    take(rate, 20 + 19, 0);
    expect(take(rate, 10, 500)).toBe(5);
    expect(rate.flooding).toBe(true);
  });

  it('charges a frame with many channels as one frame per ten channels, and carries the debt over', () => {
    const rate = new FrameRate(10, 0);
    rate.chargeChannels(10);
    expect(take(rate, 1, 0)).toBe(1);
    rate.chargeChannels(100);
    expect(take(rate, 50, 0)).toBe(10);
    rate.chargeChannels(210);
    expect(take(rate, 1, 1_999)).toBe(0);
    expect(take(rate, 50, 2_100)).toBe(1);
  });
});
