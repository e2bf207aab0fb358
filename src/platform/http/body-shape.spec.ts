import { MAX_DEPTH, MAX_KEYS, shapeProblem } from './body-shape.js';
import { growthOf, PROPORTIONAL } from '../../../test/support/growth.js';

const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });

describe('shapeProblem', () => {
  it.each([undefined, null, 1, 'text', {}, [], { a: [1, { b: 2 }] }, nested(MAX_DEPTH), Array(MAX_KEYS).fill(1)])(
    'accepts a small body (%#)',
    (body) => expect(shapeProblem(body)).toBeNull(),
  );

  it.each<[string, unknown]>([
    ['many keys', Object.fromEntries(Array.from({ length: MAX_KEYS + 1 }, (_, index) => [`k${index}`, 1]))],
    ['many items', Array(MAX_KEYS + 1).fill(1)],
    ['many keys in many objects', Array.from({ length: 251 }, () => ({ a: 1 }))],
  ])('rejects a body with %s', (_what, body) => expect(shapeProblem(body)).toBe(`has more than ${MAX_KEYS} keys`));

  it('rejects a body that is nested too deeply', () => {
    expect(shapeProblem(nested(MAX_DEPTH + 1))).toBe(`is nested deeper than ${MAX_DEPTH} levels`);
    expect(shapeProblem(JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)))).toMatch(/nested/);
  });

  it('takes time in proportion to the number of keys', () => {
    const growth = growthOf(20_000, (keys) => {
      const body = Object.fromEntries(Array.from({ length: keys }, (_, index) => [`k${index}`, 1]));
      return () => expect(shapeProblem(body)).not.toBeNull();
    });
    expect(growth).toBeLessThan(PROPORTIONAL);
  });
});
