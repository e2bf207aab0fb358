import { KeyedBuckets } from './keyed-buckets.js';
import { growthOf, PROPORTIONAL } from '../../../test/support/growth.js';

/** Takes up to `tries` single tokens, and returns the number that the key got. */
const granted = (buckets: KeyedBuckets, key: string, now: number, tries: number): number =>
  Array.from({ length: tries }, () => buckets.take(key, now)).filter(Boolean).length;

describe('KeyedBuckets', () => {
  it('grants each key its burst, then its rate', () => {
    const buckets = new KeyedBuckets({ perSecond: 2, burst: 5 });
    expect(granted(buckets, 'a', 0, 9)).toBe(5);
    expect(granted(buckets, 'b', 0, 9)).toBe(5);
    expect(granted(buckets, 'a', 1_000, 9)).toBe(2);
    expect(granted(buckets, 'a', 60_000, 9)).toBe(5);
  });

  it('has twice the rate as burst unless another is given', () => {
    expect(granted(new KeyedBuckets({ perSecond: 3 }), 'a', 1_234_567.89, 20)).toBe(6);
  });

  it('returns the time to wait, and charges nothing for a refusal', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 2 });
    expect(buckets.waitMs('a', 0)).toBe(0);
    granted(buckets, 'a', 0, 2);
    expect(buckets.waitMs('a', 0)).toBe(1_000);
    granted(buckets, 'a', 0, 50);
    expect(buckets.waitMs('a', 250)).toBe(750);
    expect(buckets.waitMs('a', 0, 2)).toBe(2_000);
  });

  it('takes several tokens at once, and more than the burst only from a full bucket', () => {
    const buckets = new KeyedBuckets({ perSecond: 10, burst: 100 });
    expect(buckets.take('a', 0, 60)).toBe(true);
    expect(buckets.take('a', 0, 60)).toBe(false);
    expect(buckets.take('b', 0, 500)).toBe(true);
    expect(buckets.waitMs('b', 0)).toBe(40_100);
  });

  it('delays later requests after a debt, and refunds a charge', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 2 });
    buckets.charge('a', 0, 5);
    expect(buckets.waitMs('a', 0)).toBe(4_000);
    buckets.refund('a', 4);
    expect(buckets.take('a', 0)).toBe(true);
    buckets.refund('never charged');
    expect(granted(buckets, 'never charged', 0, 9)).toBe(2);
  });

  it('forgets idle keys while new keys are added', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 1 });
    for (let index = 0; index < 1_000; index += 1) buckets.take(`old:${index}`, 0);
    for (let index = 0; index < 1_000; index += 1) buckets.take(`new:${index}`, 2_000);
    expect(buckets.size).toBeLessThanOrEqual(1_001);
  });

  it('never exceeds maxKeys, and keeps the bucket of every key that is over its limit', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 20, maxKeys: 100 });
    const victims = Array.from({ length: 10 }, (_, index) => `looping:${index}`);
    for (const key of victims) expect(granted(buckets, key, 0, 30)).toBe(20);
    let largest = 0;
    for (let index = 0; index < 100_000; index += 1) {
      buckets.take(`fresh:${index}`, index / 200);
      largest = Math.max(largest, buckets.size);
    }
    expect(largest).toBeLessThanOrEqual(100);
    for (const key of victims) expect(granted(buckets, key, 500, 30)).toBe(0);
  });

  it('uses one bucket for all further keys if every remembered key is over its limit', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 2, maxKeys: 10 });
    for (let index = 0; index < 10; index += 1) granted(buckets, `full:${index}`, 0, 2);
    expect(granted(buckets, 'x', 0, 5)).toBe(2);
    expect(granted(buckets, 'y', 0, 5)).toBe(0);
    for (let index = 0; index < 10; index += 1) expect(granted(buckets, `full:${index}`, 0, 5)).toBe(0);
    expect(buckets.size).toBe(10);
    expect(granted(buckets, 'y', 5_000, 5)).toBe(2);
  });

  it('forgets a key with exactly one token left, and none with less', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 3, maxKeys: 4 });
    for (const key of ['a', 'b']) buckets.charge(key, 0, 2); // one token left
    for (const key of ['c', 'd']) buckets.charge(key, 0, 2.5); // half a token left
    expect(buckets.take('e', 0)).toBe(true);
    expect(['a', 'b', 'c', 'd'].map((key) => buckets.waitMs(key, 0))).toEqual([0, 0, 500, 500]);
    expect(buckets.size).toBe(3); // a and b are gone
  });

  it('sweeps again at once when sweeping freed enough', () => {
    const buckets = new KeyedBuckets({ perSecond: 1, burst: 2, maxKeys: 100 });
    // Each key is charged a little later than the last one, so a sweep frees a quarter of them.
    for (let index = 0; index < 200; index += 1) {
      expect(buckets.take(`key:${index}`, 2_000 + index / 1_000)).toBe(true);
    }
    expect(buckets.size).toBeLessThanOrEqual(100);
  });

  it('sweeps rarely when sweeping frees little', () => {
    const growth = growthOf(1_000, (keys) => () => {
      const buckets = new KeyedBuckets({ perSecond: 1, burst: 2, maxKeys: keys });
      for (let index = 0; index < keys - 1; index += 1) granted(buckets, `full:${index}`, 0, 2);
      for (let index = 0; index < 2 * keys; index += 1) buckets.take(`fresh:${index}`, 1 + index / 1_000);
    });
    expect(growth).toBeLessThan(PROPORTIONAL);
  });
});
