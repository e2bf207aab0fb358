import { resolveOptions } from '../options/resolve-options.js';
import { ClaimsError } from './claims.js';
import {
  withTenant,
  isSameIdentity,
  principalFromClaims,
  TenantMissingError,
  type PrincipalOptions,
} from './principal.js';

const jwt = { secret: 'x'.repeat(32) };
const OPTIONS = resolveOptions({ jwt });
const NOW = Date.parse('2026-11-29T12:00:00Z');
const read = (claims: object, options: PrincipalOptions = OPTIONS) =>
  principalFromClaims(claims as Record<string, unknown>, options, 'a token', NOW);

describe('principalFromClaims', () => {
  it('maps the claims to a frozen principal', () => {
    const principal = read({ sub: 'a b', email: 'e', role: 'ops', jti: 's1', iat: 4, exp: 5 });
    expect(principal).toEqual({
      user: { userId: 'a b', email: 'e', role: 'ops' },
      roles: ['ops'],
      claimsDigest: expect.stringMatching(/^[\w-]{43}$/),
      isAdmin: false,
      channel: 'user:a%20b',
      homeTenant: null,
      tenant: null,
      userKey: 'a b',
      jti: 's1',
      session: 'jti s1',
      issuedAt: 4_000,
      expiresAt: 5_000,
    });
    expect(Object.isFrozen(principal) && Object.isFrozen(principal.user)).toBe(true);
  });

  it.each<[object, string]>([
    [{ sub: 'a', userId: 'b' }, 'a'],
    [{ sub: '', userId: 'b' }, 'b'],
    [{ id: 'c' }, 'c'],
    [{ sub: 0 }, '0'],
    [{ sub: 2 ** 53 - 1 }, '9007199254740991'],
    [{ sub: ' ' }, ' '],
    [{ sub: null, userId: 'b' }, 'b'],
    [{ sub: null, userId: '', id: 7 }, '7'],
  ])('the user id of %j is %j', (claims, userId) => {
    expect(read(claims).user.userId).toBe(userId);
  });

  it.each<[object, string, boolean]>([
    [{}, 'user', false],
    [{ role: 'admin' }, 'admin', true],
    [{ role: 'Admin' }, 'Admin', false],
    [{ role: null, roles: ['admin'] }, 'admin', true],
    [{ role: '', roles: ['admin'] }, 'admin', true],
    [{ role: [], roles: ['admin'] }, 'admin', true],
    [{ role: ['ops', 'admin'] }, 'ops', true],
    [{ role: ['', null, 'admin'] }, 'admin', true],
    [{ role: 'user', roles: ['admin'] }, 'user', false],
    [{ roles: ['ops', 'admin'] }, 'ops', true],
    [{ roles: 'admin' }, 'admin', true],
    [{ roles: 'ops, admin' }, 'ops, admin', false],
    [{ roles: null }, 'user', false],
    [{ roles: '' }, 'user', false],
    [{ roles: [''] }, 'user', false],
    [{ roles: [] }, 'user', false],
  ])('the role of %j is %s', (claims, role, isAdmin) => {
    expect(read({ sub: 'a', ...claims })).toMatchObject({ user: { role }, isAdmin });
  });

  it('identifies the session of a token without jti by a digest, and reads the age from iat', () => {
    expect(read({ sub: 'a' })).toMatchObject({
      session: expect.stringMatching(/^token [\w-]{43}$/),
      issuedAt: -Infinity,
    });
    expect(read({ sub: 'a', jti: 5 })).not.toHaveProperty('jti');
    expect(read({ sub: 'a', jti: 'x'.repeat(256) }).session).toBe(`jti ${'x'.repeat(256)}`);
  });

  it.each<[string, unknown, number]>([
    ['missing', undefined, -Infinity],
    ['null', null, -Infinity],
    ['in the past', NOW / 1000 - 60, NOW - 60_000],
    ['ahead by less than the tolerance', NOW / 1000 + 4, NOW - 1],
    ['ahead by more than the tolerance', NOW / 1000 + 6, -Infinity],
    ['an hour ahead', NOW / 1000 + 3_600, -Infinity],
    ['in milliseconds', NOW - 60_000, NOW - 60_000],
    ['in milliseconds, an hour ahead', NOW + 3_600_000, -Infinity],
    ['the first number that counts as milliseconds', 1e12, 1e12],
    ['ahead by exactly the tolerance', NOW / 1000 + 5, NOW - 1],
  ])('treats an iat that is ahead as before now: one that is %s', (_kind, iat, issuedAt) => {
    expect(read({ sub: 'a', iat }).issuedAt).toBe(issuedAt);
  });

  it('compares two tokens by everything they say about the user', () => {
    const before = read({ sub: 'a', role: 'ops', plan: 'pro', jti: '1', iat: 1, exp: 2 });
    const same = (claims: object) => isSameIdentity(before, read(claims));
    expect(same({ plan: 'pro', exp: 9, iat: 8, nbf: 8, jti: '2', role: 'ops', sub: 'a' })).toBe(true);
    expect(same({ sub: 'a', role: 'user', plan: 'pro' })).toBe(false);
    expect(same({ sub: 'a', role: 'ops', plan: 'free' })).toBe(false);
    expect(same({ sub: 'b', role: 'ops', plan: 'pro' })).toBe(false);
    expect(isSameIdentity(null, before)).toBe(false);
    expect(isSameIdentity(null, null)).toBe(true);
  });

  it('reads the expiry, capped at the last valid date; without exp the token does not expire', () => {
    expect(read({ sub: 'a' }).expiresAt).toBe(Infinity);
    expect(read({ sub: 'a', exp: 1.5 }).expiresAt).toBe(1_500);
    expect(read({ sub: 'a', exp: -1 }).expiresAt).toBe(-1_000);
    for (const exp of [1e13, 1e300, Number.MAX_VALUE]) {
      expect(new Date(read({ sub: 'a', exp }).expiresAt).toISOString()).toBe('+275760-09-13T00:00:00.000Z');
    }
  });

  it.each<[object, string]>([
    [{}, 'no user id'],
    [{ sub: '', userId: '', id: '' }, 'no user id'],
    [{ sub: null }, 'no user id'],
    [{ sub: -1 }, 'sub is a number out of range'],
    [{ sub: 2 ** 53 }, 'sub is a number out of range'],
    [{ sub: 1.5 }, 'sub is a fraction'],
    [{ sub: false, userId: 'b' }, 'sub is a boolean'],
    [{ sub: ['a'], userId: 'b' }, 'sub is a list'],
    [{ sub: '', userId: {} }, 'userId is an object'],
    [{ sub: 'x'.repeat(196) }, 'does not fit into a channel name'],
    [{ sub: '\udfff' }, 'does not fit into a channel name'],
    [{ sub: 'a', role: 1 }, 'role holds a number'],
    [{ sub: 'a', roles: ['admin', 1] }, 'roles holds a number'],
    [{ sub: 'a', role: {} }, 'role holds an object'],
    [{ sub: 'a', role: true, roles: ['admin'] }, 'role holds a boolean'],
    [{ sub: 'a', roles: { admin: true } }, 'roles holds an object'],
    [{ sub: 'a', roles: ['admin', { name: 'blocked' }] }, 'roles holds an object'],
    [{ sub: 'a', roles: [['admin']] }, 'roles holds a list'],
    [{ sub: 'a', exp: '5' }, 'exp'],
    [{ sub: 'a', iat: '5' }, 'iat'],
    [{ sub: 'a', iat: Infinity }, 'iat'],
    [{ sub: 'a', jti: 'x'.repeat(257) }, 'jti'],
    [{ sub: 'a', exp: Infinity }, 'exp'],
  ])('rejects %j', (claims, about) => {
    expect(() => read(claims)).toThrow(ClaimsError);
    expect(() => read(claims)).toThrow(about);
  });
});

describe('principalFromClaims with tenants', () => {
  const readIn = (claims: object, platformRole?: string) =>
    read(
      claims,
      resolveOptions({ jwt, tenants: { claim: 'org', ...(platformRole !== undefined && { platformRole }) } }),
    );

  it('reads the tenant of the user', () => {
    const principal = readIn({ sub: 'a', org: 'acme' });
    expect(principal).toMatchObject({ homeTenant: 'acme', tenant: 'acme', userKey: 'acme/a', channel: 'user:a' });
    expect(readIn({ sub: 'a', org: 7 })).toMatchObject({ homeTenant: '7' });
    expect(read({ sub: 'a', org: 'acme' })).toMatchObject({ homeTenant: null, tenant: null, userKey: 'a' });
  });

  it('allows platform administrators without a tenant, and lets them choose one', () => {
    const principal = readIn({ sub: 'a', role: 'root' }, 'root');
    expect(principal).toMatchObject({ isAdmin: true, homeTenant: null, tenant: null, userKey: '/a' });
    expect(withTenant(principal, 'acme')).toMatchObject({ homeTenant: null, tenant: 'acme', userKey: '/a' });
    expect(isSameIdentity(principal, withTenant(principal, 'acme'))).toBe(false);
  });

  it('has no platform administrators unless tenants.platformRole is set', () => {
    for (const role of ['admin', 'user']) {
      expect(() => readIn({ sub: 'a', role })).toThrow('tenants.platformRole is not set, so there are no platform');
    }
    expect(() => readIn({ sub: 'a' }, 'root')).toThrow('only the role root (tenants.platformRole) needs none');
    expect(readIn({ sub: 'a', role: 'admin', org: 'acme' })).toMatchObject({ isAdmin: true, homeTenant: 'acme' });
  });

  it('checks all roles to distinguish platform administrators from tenant administrators', () => {
    expect(readIn({ sub: 'a', roles: ['user', 'root'] }, 'root')).toMatchObject({ isAdmin: true, homeTenant: null });
    expect(readIn({ sub: 'a', role: 'admin', org: 'acme' }, 'root')).toMatchObject({
      isAdmin: true,
      homeTenant: 'acme',
    });
    expect(readIn({ sub: 'a', role: 'root', org: 'acme' }, 'root')).toMatchObject({
      isAdmin: false,
      homeTenant: 'acme',
    });
    expect(() => readIn({ sub: 'a', role: 'admin' }, 'root')).toThrow(TenantMissingError);
  });

  it.each([undefined, null, ''])('rejects other users without a tenant: %j', (org) => {
    expect(() => readIn({ sub: 'a', org })).toThrow(TenantMissingError);
  });

  it.each([true, -1, 1.5, {}, ['acme'], '\ud800', 'x'.repeat(201)])('rejects %j as a tenant', (org) => {
    for (const role of ['user', 'admin']) expect(() => readIn({ sub: 'a', role, org })).toThrow(ClaimsError);
  });
});
