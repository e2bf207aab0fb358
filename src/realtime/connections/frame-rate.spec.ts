import { FrameRate } from './frame-rate.js';

/** How many of so many frames at one moment are taken. */
const take = (rate: FrameRate, count: number, now: number): number =>
  Array.from({ length: count }, () => rate.take(now)).filter(Boolean).length;

describe('FrameRate', () => {
  it('takes twice the rate at once, then the rate', () => {
    const rate = new FrameRate(10, 0);
    expect(take(rate, 50, 0)).toBe(20);
    expect(take(rate, 50, 1_000)).toBe(10);
    expect(take(rate, 50, 1_100)).toBe(1);
    expect(take(rate, 50, 1_150)).toBe(0);
  });

  it('saves up no more than that, however long it rests', () => {
    const rate = new FrameRate(10, 0);
    expect(take(rate, 50, 1e9)).toBe(20);
  });

  it('takes the rate for ever', () => {
    const rate = new FrameRate(10, 0);
    for (let now = 0; now < 100_000; now += 100) expect(rate.take(now)).toBe(true);
    expect(rate.flooding).toBe(false);
  });

  it('is flooded by as many refusals in a row as it takes at once', () => {
    const rate = new FrameRate(10, 0);
    take(rate, 20 + 19, 0);
    expect(rate.flooding).toBe(false);
    rate.take(0);
    expect(rate.flooding).toBe(true);
  });

  it('forgives refusals after a pause that fills it by half', () => {
    const rate = new FrameRate(10, 0);
    take(rate, 20 + 19, 0);
    expect(rate.take(1_000)).toBe(true);
    take(rate, 9 + 19, 1_000);
    expect(rate.flooding).toBe(false);
  });

  it('does not forgive a shorter one', () => {
    const rate = new FrameRate(10, 0);
    take(rate, 20 + 19, 0);
    expect(take(rate, 10, 500)).toBe(5);
    expect(rate.flooding).toBe(true);
  });

  it('counts a frame that asks for many things as one for each ten of them, and pays off what was too much', () => {
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
