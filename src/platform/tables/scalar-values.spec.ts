import { areScalarValues } from './scalar-values.js';

describe('areScalarValues', () => {
  it.each([{ a: 1 }, { _A9: 'text' }, { a: null, b: true, c: -1.5 }, { a: '' }, { a: 'x'.repeat(10_000) }])(
    'accepts %j',
    (values) => expect(areScalarValues(values)).toBe(true),
  );

  it.each([
    null,
    [],
    'a',
    {},
    { '': 1 },
    { '9a': 1 },
    { 'a b': 1 },
    { 'a"; drop table users; --': 1 },
    { ['a'.repeat(64)]: 1 },
    { a: {} },
    { a: [1] },
    { a: undefined },
    { a: 'x\0' },
    { a: '\ud800' },
    { a: 'x'.repeat(10_001) },
    Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`c${index}`, 1])),
  ])('rejects %j', (values) => expect(areScalarValues(values)).toBe(false));
});
