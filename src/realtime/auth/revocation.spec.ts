import {
  bounded,
  capacityFor,
  MAX_REVOCATIONS,
  revocationSchema,
  sessionOf,
  subjectOf,
  type Revocation,
} from './revocation.js';

const ALL: Revocation = { kind: 'all', before: 1_000, until: 5_000 };
const ANN: Revocation = { ...ALL, kind: 'user', id: 'ann' };
const SESSION: Revocation = { kind: 'session', id: 'jti j', until: 5_000 };

describe('a revocation', () => {
  it('keeps a part of the capacity for users, and is always possible for all', () => {
    expect([ALL, ANN, SESSION].map(capacityFor)).toEqual([Infinity, MAX_REVOCATIONS, 0.9 * MAX_REVOCATIONS]);
    expect(MAX_REVOCATIONS).toBe(100_000);
  });

  it('lasts as long as the latest token', () => {
    expect(bounded(ANN, 1_000, 4_999)).toEqual({ ...ANN, until: 4_999 });
    expect(bounded(ANN, 1_000, 5_000)).toBe(ANN);
  });

  it('is forged if it is about tokens of the future, beyond the difference of clocks', () => {
    const now = 1_000 - 300_000;
    expect([ALL, ANN, SESSION].map((one) => bounded(one, now, Infinity))).toEqual([ALL, ANN, SESSION]);
    expect([ALL, ANN, SESSION].map((one) => bounded(one, now - 1, Infinity))).toEqual([null, null, SESSION]);
  });

  it('is about a subject, at all times', () => {
    expect([ALL, ANN, SESSION].map(subjectOf)).toEqual(['all', 'user ann', 'session jti j']);
  });

  it.each<[object, boolean]>([
    [SESSION, true],
    [{ ...SESSION, id: '' }, false],
    [{ ...SESSION, id: 'x'.repeat(2_048) }, true],
    [{ ...SESSION, id: 'x'.repeat(2_049) }, false],
    [{ ...ANN, before: undefined }, false],
    [{ ...ALL, kind: 'nobody' }, false],
  ])('is read from %j: %s', (value, isValid) => {
    const read = (): unknown => revocationSchema.read(value, 'it');
    if (isValid) expect(read()).toEqual(value);
    else expect(read).toThrow('it');
  });
});

it('the session of a token is its jti, or the digest of its signed part', () => {
  expect(sessionOf('j', 'a.b')).toBe('jti j');
  expect(sessionOf(undefined, 'a.b')).toMatch(/^token [\w-]{43}$/);
  expect(sessionOf(undefined, 'a.c')).not.toBe(sessionOf(undefined, 'a.b'));
});
