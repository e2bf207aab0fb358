import { TokenBucket } from './token-bucket.js';

describe('TokenBucket', () => {
  const takeAll = (bucket: TokenBucket, now: number): number => {
    let taken = 0;
    while (bucket.take(now)) taken += 1;
    return taken;
  };

  it('starts with a burst of twice its rate', () => {
    expect(takeAll(new TokenBucket(5, 1_000), 1_000)).toBe(10);
  });

  it('refills at its rate, and not above the burst', () => {
    const bucket = new TokenBucket(5, 0);
    takeAll(bucket, 0);
    expect(takeAll(bucket, 199)).toBe(0);
    expect(takeAll(bucket, 200)).toBe(1);
    expect(takeAll(bucket, 1_200)).toBe(5);
    expect(bucket.tokens(60_000)).toBe(10);
  });

  it('pays a debt before it gives a token again', () => {
    const bucket = new TokenBucket(5, 0);
    bucket.owe(12);
    expect(bucket.tokens(0)).toBe(-2);
    expect(bucket.take(599)).toBe(false);
    expect(bucket.take(600)).toBe(true);
    expect(bucket.take(600)).toBe(false);
  });
});
