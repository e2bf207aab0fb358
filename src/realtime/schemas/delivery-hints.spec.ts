import { decodeHints, encodeHints, exclusionOf, isExcluded, isExclusion } from './delivery-hints.js';

const ID = '3f0c6c1e-8d0a-4a8e-9c39-3a1f0b6c7d21';
const connection = (id: string, earlierId: string | null = null, userKey: string | null = null) => ({
  id,
  earlierId,
  principal: userKey === null ? null : { userKey },
});

describe('delivery hints', () => {
  it.each([
    {},
    { except: ID },
    { except: exclusionOf(ID, 'acme/ann') },
    { conflate: 'cursor of ann & ben = "ü" !~*\'() 💥' },
    { except: exclusionOf(ID, 'ann'), conflate: 'x' },
  ])('are decoded as they were encoded: %j', (hints) => {
    const encoded = encodeHints(hints) ?? '';
    expect(encoded).toMatch(/^[!-~]*$/);
    expect(decodeHints(encoded)).toEqual(hints);
  });

  it.each([
    'x',
    'except=',
    'except=a:b',
    'except=a b',
    `except=${'x'.repeat(65)}`,
    'conflate=',
    '&',
    'conflate=x&except=a',
  ])('that no instance can have written are ignored: %j', (hints) => {
    expect(decodeHints(hints)).toEqual({});
  });

  it('keep a key that is not percent-encoded', () => {
    expect(decodeHints('conflate=%E0%')).toEqual({ conflate: '%E0%' });
  });
});

describe('an exclusion', () => {
  it.each<[unknown, boolean]>([
    [ID, true],
    [exclusionOf(ID, 'ann'), true],
    ['', false],
    [`${ID}:`, false],
    [`${ID}:short`, false],
    [`${exclusionOf(ID, 'ann')}:x`, false],
    [5, false],
  ])('%j is one: %j', (value, expected) => {
    expect(isExclusion(value)).toBe(expected);
  });

  it('of trusted code excludes the connection with this id, or with this earlier id', () => {
    expect(isExcluded(connection(ID), ID)).toBe(true);
    expect(isExcluded(connection('new', ID), ID)).toBe(true);
    expect(isExcluded(connection('other', 'another'), ID)).toBe(false);
  });

  it('of a request excludes only a connection of its user', () => {
    const exclusion = exclusionOf(ID, 'ann');
    expect(isExcluded(connection(ID, null, 'ann'), exclusion)).toBe(true);
    expect(isExcluded(connection('new', ID, 'ann'), exclusion)).toBe(true);
    expect(isExcluded(connection(ID, null, 'ben'), exclusion)).toBe(false);
    expect(isExcluded(connection('new', ID, 'ben'), exclusion)).toBe(false);
    expect(isExcluded(connection(ID), exclusion)).toBe(false);
    expect(isExcluded(connection('other', null, 'ann'), exclusion)).toBe(false);
  });
});
