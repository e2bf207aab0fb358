import fc from 'fast-check';
import { Keys } from './keys.js';

describe('Keys', () => {
  const keys = new Keys('rt:');

  it('contain only a digest of an idempotencyKey, distinct for each key', () => {
    const names = fc.string({ unit: 'binary', minLength: 1 });
    fc.assert(
      fc.property(names, names, (one, other) => {
        expect(keys.idempotency('a', one)).toMatch(/^rt:i:\{a\}:[\w-]{43}$/);
        expect(keys.idempotency('a', one) === keys.idempotency('a', other)).toBe(one === other);
      }),
    );
    expect(keys.idempotency('a', '\ud800')).not.toBe(keys.idempotency('a', '\ud801'));
  });

  it('map a pub/sub channel back to its channel, and a foreign pub/sub channel to null', () => {
    expect(keys.topicOf(keys.pubsub('apps:created'))).toBe('apps:created');
    for (const foreign of ['', 'rt:', 'rt:c:{a', 'rt:c:a}', 'xrt:c:{a}', 'rt:m:{a}', keys.selfPing('i')]) {
      expect(keys.topicOf(foreign)).toBeNull();
    }
  });
});
