import {
  combineMemberData,
  decodeMemberData,
  encodeMemberData,
  isSameData,
  looksSame,
  withoutProto,
  type MemberData,
} from './member-data.js';

const at = (json: string, time: number) => ({ json, at: time });
const data = (info: [string, number] | null, state: [string, number] | null): MemberData => ({
  info: info && at(...info),
  state: state && at(...state),
});

describe('the data of several connections', () => {
  it('is the info and the state that were set last, in any order', () => {
    const one = data(['"new"', 9], ['"old"', 1]);
    const other = data(['"old"', 2], ['"new"', 3]);
    const both = data(['"new"', 9], ['"new"', 3]);
    expect(combineMemberData(one, other)).toEqual(both);
    expect(combineMemberData(other, one)).toEqual(both);
    expect(combineMemberData(data(null, null), one)).toEqual(one);
    expect(combineMemberData(undefined, one)).toBe(one);
  });

  it('is the same on each instance if two states have the same time', () => {
    const [a, b] = [data(null, ['"a"', 1]), data(null, ['"b"', 1])];
    expect(combineMemberData(a, b)).toEqual(combineMemberData(b, a));
  });
});

it('data looks the same if only the times differ', () => {
  const [one, other] = [data(['1', 1], ['2', 2]), data(['1', 5], ['2', 6])];
  expect([looksSame(one, other), isSameData(one, other)]).toEqual([true, false]);
  expect([looksSame(one, one), isSameData(one, { ...one })]).toEqual([true, true]);
  expect(looksSame(one, data(['1', 1], ['3', 2]))).toBe(false);
  expect([looksSame(one, undefined), looksSame(undefined, undefined)]).toEqual([false, true]);
});

describe('stored data', () => {
  it('is read as it was written', () => {
    const stored = data(['{"name":"Ann"}', 1.7e12], ['"\\u0000ü"', -1]);
    expect(decodeMemberData(encodeMemberData(stored))).toEqual(stored);
    expect(decodeMemberData(encodeMemberData(data(null, ['1', 0])))).toEqual(data(null, ['1', 0]));
  });

  it.each([
    ['text that is not JSON', { info: at('{', 1), state: null }],
    ['a text of two values', { info: at('1,"x":2', 1), state: null }],
    ['a text of more than 1,024 bytes', { info: at(JSON.stringify('ü'.repeat(600)), 1), state: null }],
    ['a time as text', { info: { json: '1', at: '5' }, state: null }],
    ['a time so late that none can follow', { info: null, state: at('1', 2 ** 53 - 1) }],
    ['no state', { info: at('1', 1) }],
  ])('is refused with %s', (_what, stored) => {
    expect(() => decodeMemberData(JSON.stringify(stored))).toThrow(/must be/);
  });

  it('is refused before it is parsed if it is too long', () => {
    const long = encodeMemberData(data(['1', 1], null)) + ' '.repeat(20_000);
    expect(() => decodeMemberData(long)).toThrow('it must be JSON of at most 16384 characters');
  });

  it('loses prototypes, however they are written', () => {
    const hostile = JSON.stringify({ info: at('{"a":1,"\\u005f_proto__":{"b":2}}', 1), state: null });
    expect(decodeMemberData(hostile).info?.json).toBe('{"a":1}');
    expect(withoutProto('{"__proto__":1,"c":[{"__proto__":2}]}')).toBe('{"c":[{}]}');
  });
});
