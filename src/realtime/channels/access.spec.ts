import type { Principal } from '../auth/principal.js';
import { makeGuest } from '../auth/guest.js';
import { resolveOptions } from '../options/resolve-options.js';
import { isGranted, ownGroups, userIdIn } from './access.js';

const principal = (roles: string, isAdmin: boolean, homeTenant: string | null): Principal => ({
  user: { userId: 'u', email: null, role: roles },
  roles: roles.split(' '),
  claimsDigest: '',
  channel: 'user:u',
  ...{ isAdmin, homeTenant, tenant: homeTenant, userKey: 'u', session: 's', issuedAt: 0, expiresAt: Infinity },
});

describe('the field groups that a principal has by role', () => {
  it.each([
    ['a user', principal('billing', false, 'acme'), true, ['billing']],
    ['a user with several roles', principal('user billing', false, 'acme'), true, ['user', 'billing']],
    ['an administrator of the platform', principal('admin', true, null), true, ['admin']],
    ['an administrator of a tenant, on its own channels', principal('admin', true, 'acme'), false, ['admin']],
    ['an administrator of a tenant, on a channel for all tenants', principal('admin', true, 'acme'), true, []],
    ['a client without a token', null, false, []],
  ])('%s', (_who, who, global, groups) => {
    expect(ownGroups({ access: 'public', global }, who)).toEqual(groups);
  });
});

describe('a channel for specific roles', () => {
  const access = { roles: ['billing', 'sales'] };
  it.each([
    ['user billing', true],
    ['sales', true],
    ['user', false],
  ])('with the roles %s: granted is %s', (roles, granted) => {
    expect(isGranted({ access, global: false }, principal(roles, false, null), {}, false)).toBe(granted);
  });
});

describe('a guest', () => {
  const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) } });
  const parts = { name: 'n', channels: ['a'], homeTenant: null, issuedAt: 0, expiresAt: 1 };
  const guest = makeGuest(parts, 'digest', options);

  it.each([
    ['public', true],
    ['authenticated', true],
    ['admin', false],
    [{ roles: ['guest', 'user', ''] }, false],
    [{ owner: 'id' }, false],
    [{ policy: 'P' }, false],
  ] as const)('has access %j: %s', (access, granted) => {
    for (const id of ['', 'x']) expect(isGranted({ access, global: false }, guest, { id }, false)).toBe(granted);
  });

  it('has no groups, and no id by which events can name it', () => {
    const audience = { access: 'public', global: false } as const;
    expect([ownGroups(audience, guest), userIdIn(audience, guest, false)]).toEqual([[], null]);
  });

  it('exists only with the tenant of its ticket, and cannot be a user', () => {
    expect(() => makeGuest({ ...parts, homeTenant: 'acme' }, 'digest', options)).toThrow('tenant');
    const withTenants = resolveOptions({ jwt: { secret: 'x'.repeat(32) }, tenants: { claim: 'org' } });
    expect(() => makeGuest(parts, 'digest', withTenants)).toThrow('tenant');
    expect(makeGuest({ ...parts, homeTenant: 'acme' }, 'digest', withTenants).tenant).toBe('acme');
    expect(() => encodeURIComponent(guest.userKey)).toThrow(URIError); // no user id has a lone surrogate
  });
});
