import { resolveOptions } from '../options/resolve-options.js';
import { actingFor, ClaimsError, principalFromClaims, TenantMissingError, type PrincipalOptions } from './principal.js';

const jwt = { secret: 'x'.repeat(32) };
const OPTIONS = resolveOptions({ jwt });
const read = (claims: object, options: PrincipalOptions = OPTIONS) =>
  principalFromClaims(claims as Record<string, unknown>, options, 'a token');

describe('principalFromClaims', () => {
  it('says who somebody is, and is frozen', () => {
    const principal = read({ sub: 'a b', email: 'e', role: 'ops', jti: 's1', iat: 4, exp: 5 });
    expect(principal).toEqual({
      user: { userId: 'a b', email: 'e', role: 'ops' },
      isAdmin: false,
      channel: 'user:a%20b',
      home: null,
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
  ])('the user id of %j is %j', (claims, userId) => {
    expect(read(claims).user.userId).toBe(userId);
  });

  it.each<[object, string, boolean]>([
    [{}, 'user', false],
    [{ role: 'admin' }, 'admin', true],
    [{ role: 'Admin' }, 'Admin', false],
    [{ role: null, roles: ['admin'] }, 'admin', true],
    [{ roles: ['ops', 'admin'] }, 'ops', false],
    [{ roles: [] }, 'user', false],
  ])('the role of %j is %s', (claims, role, isAdmin) => {
    expect(read({ sub: 'a', ...claims })).toMatchObject({ user: { role }, isAdmin });
  });

  it('knows the session of a token without a jti by its digest, and its age by iat', () => {
    expect(read({ sub: 'a' })).toMatchObject({
      session: expect.stringMatching(/^token [\w-]{43}$/),
      issuedAt: -Infinity,
    });
    expect(read({ sub: 'a', jti: 5 })).not.toHaveProperty('jti');
    expect(read({ sub: 'a', jti: 'x'.repeat(256) }).session).toBe(`jti ${'x'.repeat(256)}`);
  });

  it('reads when it ends, as far as a date goes; without exp it does not end', () => {
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
    [{ sub: null }, 'sub is neither'],
    [{ sub: -1 }, 'sub is neither'],
    [{ sub: 2 ** 53 }, 'sub is neither'],
    [{ sub: NaN }, 'sub is neither'],
    [{ sub: '', userId: {} }, 'userId is neither'],
    [{ sub: 'x'.repeat(196) }, 'no channel name'],
    [{ sub: '\udfff' }, 'no channel name'],
    [{ sub: 'a', role: 1 }, 'role'],
    [{ sub: 'a', role: '' }, 'role'],
    [{ sub: 'a', roles: 'admin' }, 'roles'],
    [{ sub: 'a', roles: [1] }, 'roles'],
    [{ sub: 'a', roles: [''] }, 'role is empty'],
    [{ sub: 'a', exp: '5' }, 'exp'],
    [{ sub: 'a', iat: '5' }, 'iat'],
    [{ sub: 'a', iat: Infinity }, 'iat'],
    [{ sub: 'a', jti: 'x'.repeat(257) }, 'jti'],
    [{ sub: 'a', exp: Infinity }, 'exp'],
  ])('refuses %j', (claims, about) => {
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

  it('says whose user it is', () => {
    const principal = readIn({ sub: 'a', org: 'acme' });
    expect(principal).toMatchObject({ home: 'acme', tenant: 'acme', userKey: 'acme/a', channel: 'user:a' });
    expect(readIn({ sub: 'a', org: 7 })).toMatchObject({ home: '7' });
    expect(read({ sub: 'a', org: 'acme' })).toMatchObject({ home: null, tenant: null, userKey: 'a' });
  });

  it('lets administrators of the platform be without one, and name one', () => {
    const principal = readIn({ sub: 'a', role: 'admin' });
    expect(principal).toMatchObject({ isAdmin: true, home: null, tenant: null, userKey: '/a' });
    expect(actingFor(principal, 'acme')).toMatchObject({ home: null, tenant: 'acme', userKey: '/a' });
  });

  it('tells administrators of the platform from those of a tenant by their role, where one is given', () => {
    expect(readIn({ sub: 'a', role: 'root' }, 'root')).toMatchObject({ isAdmin: true, home: null });
    expect(readIn({ sub: 'a', role: 'admin', org: 'acme' }, 'root')).toMatchObject({ isAdmin: true, home: 'acme' });
    expect(readIn({ sub: 'a', role: 'root', org: 'acme' }, 'root')).toMatchObject({ isAdmin: false, home: 'acme' });
    expect(() => readIn({ sub: 'a', role: 'admin' }, 'root')).toThrow(TenantMissingError);
  });

  it.each([undefined, null, ''])('refuses others without one: %j', (org) => {
    expect(() => readIn({ sub: 'a', org })).toThrow(TenantMissingError);
  });

  it.each([true, -1, 1.5, {}, ['acme'], '\ud800', 'x'.repeat(201)])('refuses %j as one', (org) => {
    for (const role of ['user', 'admin']) expect(() => readIn({ sub: 'a', role, org })).toThrow(ClaimsError);
  });
});
