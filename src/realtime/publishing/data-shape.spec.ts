import { shapeProblem } from './data-shape.js';

const withKeys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: [nested(depth - 1)] });

describe('shapeProblem', () => {
  it.each([
    ['a value', 7],
    ['a long list', Array.from({ length: 100_000 }, () => 1)],
    ['many small objects', Array.from({ length: 1_000 }, () => withKeys(10))],
    ['the maximum number of properties', withKeys(10)],
    ['64 levels', nested(32)],
  ])('accepts %s', (_what, data) => expect(shapeProblem(data, 10)).toBeNull());

  it.each([
    ['too many properties', withKeys(11)],
    ['too many properties deep inside', [{ a: { b: [withKeys(11)] } }]],
    ['too many levels', nested(33)],
  ])('reports %s', (_what, data) => expect(shapeProblem(data, 10)).toMatch(/^has /));
});
