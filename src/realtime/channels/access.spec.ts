import type { Principal } from '../auth/principal.js';
import { ownGroups } from './access.js';

const principal = (role: string, isAdmin: boolean, home: string | null): Principal => ({
  user: { userId: 'u', email: null, role },
  channel: 'user:u',
  ...{ isAdmin, home, tenant: home, userKey: 'u', session: 's', issuedAt: 0, expiresAt: Infinity },
});

describe('the groups of fields that somebody has by its role', () => {
  it.each([
    ['a user', principal('billing', false, 'acme'), true, ['billing']],
    ['an administrator of the platform', principal('admin', true, null), true, ['admin']],
    ['an administrator of a tenant, on its own channels', principal('admin', true, 'acme'), false, ['admin']],
    ['an administrator of a tenant, on a channel for all tenants', principal('admin', true, 'acme'), true, []],
    ['nobody', null, false, []],
  ])('%s', (_who, who, global, groups) => {
    expect(ownGroups({ access: 'public', global }, who)).toEqual(groups);
  });
});
