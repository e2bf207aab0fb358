import fc from 'fast-check';
import { applyPatch } from '../../protocol/index.js';
import { difference, isEmptyPatch } from './difference.js';

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, 0, 1, 'x', true, [], {}),
    fc.array(fc.constantFrom(1, 'y'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '', '/', '~', 'constructor', 'toString'), tie('value'), {
      noNullPrototype: true,
    }),
  ),
})).value;

describe('difference', () => {
  it.each([
    ['equal states', { a: [1] }, { a: [1] }, {}],
    ['a changed value', { a: 1, b: 2 }, { a: 1, b: 3 }, { set: { '/b': 3 } }],
    ['a nested value', { a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 2, d: 2 } } }, { set: { '/a/b/c': 2 } }],
    ['an added and a removed value', { a: { b: 1 } }, { a: { c: 2 } }, { set: { '/a/c': 2 }, remove: ['/a/b'] }],
    ['a list, as a whole', { a: [1, 2] }, { a: [1, 2, 3] }, { set: { '/a': [1, 2, 3] } }],
    ['a list that becomes an object', { a: [] }, { a: {} }, { set: { '/a': {} } }],
    ['null that becomes an object', { a: null }, { a: { b: 1 } }, { set: { '/a': { b: 1 } } }],
    ['an object that becomes empty', { a: { b: 1 } }, { a: {} }, { remove: ['/a/b'] }],
    ['a state that is not an object', 1, { a: 1 }, { set: { '': { a: 1 } } }],
  ])('of %s', (_what, before, after, expected) => {
    expect(difference(before, after)).toEqual(expected);
  });

  it('sets an object whole that is deeper than a path', () => {
    const deep = (value: number): unknown => Array.from({ length: 70 }).reduce((inner) => ({ a: inner }), value);
    expect(applyPatch(deep(1), difference(deep(1), deep(2)))).toEqual(deep(2));
  });

  it('turns any state into any other, and is empty only between equal ones', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const patch = difference(before, after);
        expect(applyPatch(before, patch)).toEqual(after);
        expect(isEmptyPatch(difference(after, after))).toBe(true);
        expect(applyPatch(after, patch)).toEqual(after);
      }),
    );
  });
});
