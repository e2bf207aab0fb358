import {
  ClaimsError,
  digestOfClaims,
  readExpiry,
  readIssuedAt,
  readJti,
  readRoles,
  readTenant,
  readUserId,
} from './claims.js';

const ROLES = { role: 'role', roles: 'roles' };

describe('the user id of a token', () => {
  it.each<[object, string]>([
    [{ sub: 'ann' }, 'ann'],
    [{ sub: '', id: 'bob' }, 'bob'],
    [{ sub: null, id: 7 }, '7'],
    [{ sub: 0 }, '0'],
  ])('in %j is %s', (claims, userId) => {
    expect(readUserId(claims as never, ['sub', 'id'])).toBe(userId);
  });

  it.each<[unknown, string]>([
    [-1, 'sub is a number out of range: a user id is a string or a whole number'],
    [1.5, 'sub is a fraction'],
    [Number.MAX_SAFE_INTEGER + 1, 'sub is a number out of range'],
    [['ann'], 'sub is a list'],
    [{}, 'sub is an object'],
    [true, 'sub is a boolean'],
    [undefined, 'no user id: none of the claims sub, id has a value'],
  ])('cannot be %j', (sub, problem) => {
    expect(() => readUserId({ sub }, ['sub', 'id'])).toThrow(problem);
    expect(() => readUserId({ sub }, ['sub', 'id'])).toThrow(ClaimsError);
  });
});

describe('the roles of a token', () => {
  it.each<[object, string[]]>([
    [{ role: 'admin', roles: ['x'] }, ['admin']],
    [{ role: '', roles: ['x', 'y', 'x'] }, ['x', 'y']],
    [{ role: ['a', null, 'b'] }, ['a', 'b']],
    [{ role: [], roles: 'x' }, ['x']],
    [{}, ['user']],
  ])('in %j are %j', (claims, roles) => {
    expect(readRoles(claims as never, ROLES)).toEqual(roles);
  });

  it('are strings: a role that cannot be read is not skipped', () => {
    expect(() => readRoles({ role: ['a', 5] }, ROLES)).toThrow('role holds a number: a role is a string');
    expect(() => readRoles({ roles: [{}] }, ROLES)).toThrow('roles holds an object');
  });
});

describe('the tenant of a token', () => {
  it('is a string, or a whole number', () => {
    expect([readTenant({ org: 'acme' }, 'org'), readTenant({ org: 5 }, 'org')]).toEqual(['acme', '5']);
  });

  it('is null without the claim, or without tenants', () => {
    expect([readTenant({}, 'org'), readTenant({ org: '' }, 'org'), readTenant({ org: 'acme' }, undefined)]).toEqual([
      ...[null, null, null],
    ]);
  });

  it.each([['x'.repeat(201)], [{}], [-1]])('cannot be %j', (org) => {
    expect(() => readTenant({ org }, 'org')).toThrow(/^org /);
  });
});

it('the jti of a token is a string of at most 256 characters; anything else is ignored', () => {
  expect([readJti('j'), readJti('x'.repeat(256)), readJti(''), readJti(5), readJti(undefined)]).toEqual([
    ...['j', 'x'.repeat(256), undefined, undefined, undefined],
  ]);
  expect(() => readJti('x'.repeat(257))).toThrow('jti has more than 256 characters');
});

describe('the times of a token', () => {
  it('are in seconds, and an iat of a confused issuer in milliseconds', () => {
    expect([readIssuedAt(1_000), readIssuedAt(1e12 - 1), readIssuedAt(1e12)]).toEqual([1_000_000, 1e15 - 1_000, 1e12]);
    expect([readExpiry(1_000), readExpiry(1e300)]).toEqual([1_000_000, 8.64e15]);
  });

  it('can be missing', () => {
    expect([readIssuedAt(undefined), readIssuedAt(null), readExpiry(undefined)]).toEqual([
      -Infinity,
      -Infinity,
      Infinity,
    ]);
  });

  it.each([['5'], [NaN], [Infinity], [{}]])('are numbers, not %j', (value) => {
    expect(() => readIssuedAt(value)).toThrow(/^iat is .*, not a number$/);
    expect(() => readExpiry(value)).toThrow(/^exp is .*, not a number$/);
  });

  it('can be no null for the expiry', () => {
    expect(() => readExpiry(null)).toThrow('exp is null, not a number');
  });
});

it('the digest of claims covers what they say about the user, in any order', () => {
  const digest = digestOfClaims({ sub: 'ann', role: 'user' });
  expect(digestOfClaims({ role: 'user', sub: 'ann', iat: 1, exp: 2, nbf: 3, jti: 'j', rh: 'x' })).toBe(digest);
  expect(digestOfClaims({ sub: 'ann', role: 'admin' })).not.toBe(digest);
  expect(digestOfClaims({ sub: 'ann', role: 'user', plan: 'free' })).not.toBe(digest);
});
