import fc from 'fast-check';
import { applyPatch, isStateReload, parsePath, pathOf, StatePatchError, type StatePatch } from './state-patch.js';

const NAMES = ['a', 'b', '', '/', '~', '~1', '0', '__proto__', 'constructor', 'toString', 'é'];

/** Returns a copy without the prototypes that `toEqual` would compare. */
const plain = (value: unknown): string => JSON.stringify(value);

/** JSON objects whose names are few, so that paths meet. */
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, 0, 1, 'x', true),
    fc.array(fc.constantFrom(1, 'y'), { maxLength: 2 }),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom(...NAMES), tie('value')), { maxLength: 4, selector: ([name]) => name })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

const path = fc.array(fc.constantFrom(...NAMES), { maxLength: 3 });

/** Patches without a path that is a prefix of another. */
const patches: fc.Arbitrary<StatePatch> = fc
  .array(fc.tuple(path, fc.boolean(), json), { maxLength: 4 })
  .map((changes) => {
    const set: Record<string, unknown> = {};
    const remove: string[] = [];
    const taken: string[] = [];
    for (const [segments, isRemoved, value] of changes) {
      const one = pathOf(segments);
      if (taken.some((other) => `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`))) continue;
      if (isRemoved && one === '') continue;
      taken.push(one);
      if (isRemoved) remove.push(one);
      else Object.defineProperty(set, one, { value, enumerable: true, configurable: true, writable: true });
    }
    return { set, remove };
  });

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner);
  return value;
}

describe('paths', () => {
  it.each([
    [[], ''],
    [['a'], '/a'],
    [['a', '0', ''], '/a/0/'],
    [['a/b', 'm~n', '~1'], '/a~1b/m~0n/~01'],
    [['__proto__', 'constructor'], '/__proto__/constructor'],
  ])('of %j is %j', (segments, text) => {
    expect(pathOf(segments)).toBe(text);
    expect(parsePath(text)).toEqual(segments);
  });

  it('have up to 64 names', () => {
    expect(parsePath('/a'.repeat(64))).toHaveLength(64);
    expect(() => parsePath('/a'.repeat(65))).toThrow(/is not a path/);
  });

  it('name the same properties after they were written and read', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 64 }), (segments) =>
        expect(parsePath(pathOf(segments))).toEqual(segments),
      ),
    );
  });

  it.each(['a', 'a/b', '/~', '/~2', '/a~', ' /a', '/a'.repeat(65)])('%j is refused', (text) => {
    expect(() => parsePath(text)).toThrow(StatePatchError);
  });
});

describe('applyPatch', () => {
  const board = { title: 'B', cards: { '7': { column: 'todo', tags: ['x'] }, '8': { column: 'done' } }, size: 2 };

  it.each<[string, unknown, StatePatch, unknown]>([
    ['sets one value', { a: { b: 1, c: 2 } }, { set: { '/a/b': 3 } }, { a: { b: 3, c: 2 } }],
    ['adds a value', {}, { set: { '/a': null } }, { a: null }],
    ['removes a value', { a: { b: 1, c: 2 } }, { remove: ['/a/b'] }, { a: { c: 2 } }],
    ['removes nothing that is missing', { a: 1 }, { remove: ['/b', '/a/c', '/x/y'] }, { a: 1 }],
    ['creates missing parents', {}, { set: { '/a/b/c': 1 } }, { a: { b: { c: 1 } } }],
    ['replaces a value that is a parent of the path', { a: 5 }, { set: { '/a/b': 1 } }, { a: { b: 1 } }],
    ['replaces null on the way', { a: null }, { set: { '/a/b': 1 } }, { a: { b: 1 } }],
    ['replaces a list on the way', { a: [1] }, { set: { '/a/0': 1 } }, { a: { '0': 1 } }],
    ['keeps a list from which it removes', { a: [1] }, { remove: ['/a/0'] }, { a: [1] }],
    ['replaces lists whole', { a: [1, 2] }, { set: { '/a': [3] } }, { a: [3] }],
    ['replaces the whole state', { a: 1 }, { set: { '': { b: 2 } } }, { b: 2 }],
    ['makes an object of a state that is not an object', 7, { set: { '/a': 1 } }, { a: 1 }],
    ['removes and sets', { a: 1, b: 2 }, { set: { '/c': 3 }, remove: ['/a'] }, { b: 2, c: 3 }],
    ['changes nothing', { a: 1 }, {}, { a: 1 }],
    ['reads escaped names', {}, { set: { '/a~1b/m~0n': 1 } }, { 'a/b': { 'm~n': 1 } }],
  ])('%s', (_what, state, patch, after) => {
    expect(applyPatch(deepFreeze(state), deepFreeze(patch))).toEqual(after);
  });

  it('keeps the parts that it does not touch', () => {
    const after = applyPatch(board, { set: { '/cards/7/column': 'done' } }) as typeof board;
    expect(after).not.toBe(board);
    expect(after.cards['7']).toEqual({ column: 'done', tags: ['x'] });
    expect(after.cards['8']).toBe(board.cards['8']);
    expect(after.cards['7'].tags).toBe(board.cards['7'].tags);
    expect(board.cards['7'].column).toBe('todo');
  });

  it.each<[string, StatePatch]>([
    ['sets the same value', { set: { '/cards/7/column': 'todo', '/size': 2 } }],
    ['removes nothing', { remove: ['/cards/9', '/nothing/x'] }],
    ['is empty', {}],
  ])('returns the same object if a patch %s', (_what, patch) => {
    expect(applyPatch(board, patch)).toBe(board);
  });

  it('defines properties with the names of prototypes, and changes no prototype', () => {
    const set = JSON.parse('{"/__proto__/polluted":1,"/constructor/prototype/polluted":2,"/toString":3}') as object;
    const after = applyPatch({}, { set: { ...set } }) as Record<string, unknown>;
    expect(plain(after)).toBe('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}},"toString":3}');
    expect(Object.getPrototypeOf(after)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(plain(applyPatch(after, { remove: ['/__proto__', '/constructor/prototype'] }))).toBe(
      '{"constructor":{},"toString":3}',
    );
    expect(applyPatch({}, { remove: ['/toString', '/__proto__/toString', '/constructor/name'] })).toEqual({});
    expect(Object.prototype.toString.call({})).toBe('[object Object]');
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['a string', 'set'],
    ['"set" as a list', { set: [] }],
    ['"set" as null', { set: null }],
    ['"remove" as an object', { remove: {} }],
    ['a path that is a number', { remove: [1] }],
    ['a path without its slash', { set: { a: 1 } }],
    ['the removal of the whole state', { remove: [''] }],
    ['the same path twice', { remove: ['/a', '/a'] }],
    ['a path that is set and removed', { set: { '/a': 1 }, remove: ['/a'] }],
    ['a path inside another', { set: { '/a': {}, '/a/b/c': 1 } }],
    ['a path inside a removed one', { set: { '/a/b': 1 }, remove: ['/a'] }],
    ['a path besides the whole state', { set: { '': {}, '/a': 1 } }],
    ['an empty name inside another path', { set: { '/': 1, '//a': 1 } }],
  ])('refuses %s', (_what, patch) => {
    expect(() => applyPatch({}, patch as StatePatch)).toThrow(StatePatchError);
  });

  it('accepts paths that only begin with the same characters', () => {
    expect(applyPatch({}, { set: { '/a': 1, '/ab': 2, '/a~1b': 3, '/': 4 } })).toEqual({
      a: 1,
      ab: 2,
      'a/b': 3,
      '': 4,
    });
  });

  it('changes nothing when a patch is applied again', () => {
    fc.assert(
      fc.property(json, patches, (state, patch) => {
        const once = applyPatch(deepFreeze(state), deepFreeze(patch));
        expect(plain(applyPatch(deepFreeze(once), patch))).toBe(plain(once));
      }),
    );
  });

  it('reaches the same state from any state on the way, when the patches are applied again from the first', () => {
    const sorted = (value: unknown): string =>
      JSON.stringify(value, (_key, inner: unknown) =>
        typeof inner === 'object' && inner !== null && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
          : inner,
      );
    fc.assert(
      fc.property(json, fc.array(patches, { minLength: 1, maxLength: 4 }), (first, list) => {
        const states = [first];
        for (const patch of list) states.push(applyPatch(states.at(-1), patch));
        for (const state of states) expect(sorted(list.reduce(applyPatch, state))).toBe(sorted(states.at(-1)));
      }),
      { numRuns: 300 },
    );
  });

  it('sets and removes what it says, and nothing else', () => {
    const at = (state: unknown, segments: readonly string[]): unknown =>
      segments.reduce<unknown>(
        (value, name) =>
          typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, name)
            ? (value as Record<string, unknown>)[name]
            : undefined,
        state,
      );
    fc.assert(
      fc.property(json, patches, path, (state, patch, other) => {
        const after = applyPatch(state, patch);
        for (const [one, value] of Object.entries(patch.set ?? {})) expect(at(after, parsePath(one))).toBe(value);
        for (const one of patch.remove ?? []) expect(at(after, parsePath(one))).toBeUndefined();
        const paths = [...Object.keys(patch.set ?? {}), ...(patch.remove ?? [])];
        const isTouched = paths.some(
          (one) => `${pathOf(other)}/`.startsWith(`${one}/`) || `${one}/`.startsWith(`${pathOf(other)}/`),
        );
        if (!isTouched && at(state, other) !== undefined) {
          // A value on the way that became an object does not have its properties any more; objects keep theirs.
          expect(at(after, other)).toBe(at(state, other));
        }
      }),
    );
  });
});

describe('isStateReload', () => {
  it.each([
    [{ reload: true }, true],
    [{ reload: false }, false],
    [{ set: {} }, false],
    [null, false],
    [[], false],
  ])('%j: %s', (data, expected) => expect(isStateReload(data)).toBe(expected));
});
