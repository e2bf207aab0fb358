import { parseDuration, Variables } from './variables.js';

describe('parseDuration', () => {
  it.each([
    ['1s', 1_000],
    ['90s', 90_000],
    ['15m', 900_000],
    ['8h', 28_800_000],
    ['365d', 31_536_000_000],
  ])('%s is %d ms', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  it.each(['', '8', 'h', '0h', '-1h', '1.5h', '8H', '8 h', ' 8h', '8h\n', '1h30m', '366d', '99999999999s', '1e3s'])(
    '%j is not a duration',
    (text) => expect(parseDuration(text)).toBeNull(),
  );
});

describe('Variables', () => {
  const variables = new Variables({ EMPTY: '', BLANK: ' ', ZERO: '0', PADDED: ' 7 ', HEX: '0x10', WORD: 'b' });

  it('treat an empty or blank value as unset, and 0 as a value', () => {
    expect(['EMPTY', 'BLANK', 'NONE'].map((name) => variables.text(name))).toEqual([undefined, undefined, undefined]);
    expect(variables.whole('EMPTY', 5, 0, 9)).toBe(5);
    expect(variables.whole('ZERO', 5, 0, 9)).toBe(0);
    expect(variables.whole('PADDED', 5, 0, 9)).toBe(7);
  });

  it('reject a value with its name and the allowed values', () => {
    expect(() => variables.whole('PADDED', 5, 0, 6)).toThrow('PADDED is "7", but must be a whole number from 0 to 6.');
    expect(() => variables.whole('HEX', 5, 0, 99)).toThrow('HEX is "0x10", but must be a whole number from 0 to 99.');
    expect(() => variables.oneOf('WORD', ['a', 'c', 'd'], 'a')).toThrow('WORD is "b", but must be a, c or d.');
    expect(() => variables.duration('WORD', '1h')).toThrow('WORD is "b", but must be a number with s, m, h or d');
    expect(variables.oneOf('NONE', ['a', 'c'], 'c')).toBe('c');
  });
});
