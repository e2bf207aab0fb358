import { remove, replace, statePatch, wholeState } from './partial.js';

class Card {
  title = 'x';
}

describe('statePatch', () => {
  it.each<[string, Record<string, unknown>, object]>([
    ['merges objects', { a: { b: { c: 1 } }, d: 2 }, { set: { '/a/b/c': 1, '/d': 2 } }],
    ['replaces lists', { a: [{ b: 1 }] }, { set: { '/a': [{ b: 1 }] } }],
    ['sets null', { a: null }, { set: { '/a': null } }],
    ['leaves out undefined', { a: undefined, b: { c: undefined } }, {}],
    ['removes a property', { a: { b: remove() }, c: remove() }, { remove: ['/a/b', '/c'] }],
    ['replaces an object', { a: replace({ b: 1 }) }, { set: { '/a': { b: 1 } } }],
    ['sets an instance of a class whole', { a: new Card() }, { set: { '/a': { title: 'x' } } }],
    ['sets a Map as an object', { a: new Map([['b', 1]]) }, { set: { '/a': { b: 1 } } }],
    [
      'replaces by an object with a Map',
      { a: replace({ b: new Map([['c', 1]]) }) },
      { set: { '/a': { b: { c: 1 } } } },
    ],
    ['changes nothing for an empty object', { a: {} }, {}],
    ['sets an empty object', { a: replace({}) }, { set: { '/a': {} } }],
    ['escapes names', { 'a/b': { '~': 1 } }, { set: { '/a~1b/~0': 1 } }],
  ])('%s', (_what, partial, expected) => {
    expect(JSON.parse(JSON.stringify(statePatch(partial)))).toEqual(expected);
  });
});

it.each([
  ['a list', [1], 'not a list: use set'],
  ['a string', 'x', 'not x: use set'],
  ['null', null, 'not null: use set'],
  ['undefined', undefined, 'not undefined: use set'],
])('statePatch refuses %s, which has no properties to change', (_what, value, message) => {
  expect(() => statePatch(value as never)).toThrow(message);
});

describe('wholeState', () => {
  it('sets the whole state', () => expect(wholeState({ a: 1 })).toEqual({ set: { '': { a: 1 } } }));

  it('has an object for each Map', () => {
    expect(wholeState({ cards: new Map([['7', { title: 'x' }]]) })).toEqual({
      set: { '': { cards: { 7: { title: 'x' } } } },
    });
  });
});
