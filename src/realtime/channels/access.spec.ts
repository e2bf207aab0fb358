import type { Principal } from '../auth/principal.js';
import { isGranted, ownGroups } from './access.js';

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
