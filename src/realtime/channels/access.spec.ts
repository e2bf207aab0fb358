import type { Principal } from '../auth/principal.js';
import { makeGuest } from '../auth/guest.js';
import { resolveOptions } from '../options/resolve-options.js';
import { isGranted, isInReach, knownRoles, ownGroups, userIdIn } from './access.js';
import type { Access, Channel } from './channel-catalogue.js';

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

describe('the rule of a channel', () => {
  const user = principal('user', false, null);
  const [admin, adminOfTenant] = [principal('admin', true, null), principal('admin', true, 'acme')];
  const byPolicy: Access = { policy: 'P' };

  it.each<[string, Access, Principal | null, object, boolean]>([
    ['public, without a token', 'public', null, {}, true],
    ['authenticated, without a token', 'authenticated', null, {}, false],
    ['authenticated', 'authenticated', user, {}, true],
    ['admin, for a user', 'admin', user, {}, false],
    ['admin', 'admin', admin, {}, true],
    ['of an owner', { owner: 'id' }, user, { id: 'u' }, true],
    ['of another owner', { owner: 'id' }, user, { id: 'v' }, false],
    ['of an owner, for an administrator', { owner: 'id' }, admin, { id: 'v' }, true],
    ['of an owner, without that parameter', { owner: 'toString' }, user, {}, false],
    ['of a role, for an administrator', { roles: ['x'] }, admin, {}, true],
    ['of a policy, even for an administrator', byPolicy, admin, {}, false],
  ])('%s', (_what, access, who, params, granted) => {
    expect(isGranted({ access, global: false }, who, params as Record<string, string>, false)).toBe(granted);
  });

  it('of a global channel is for administrators of the platform only', () => {
    const access = { access: 'admin', global: true } as const;
    expect([isGranted(access, admin, {}, true), isGranted(access, adminOfTenant, {}, true)]).toEqual([true, false]);
    expect(isGranted({ ...access, global: false }, adminOfTenant, {}, true)).toBe(true);
  });

  it('with tenants grants a channel of a tenant only to its clients', () => {
    const [own, global] = [false, true].map((isGlobal) => ({ access: 'public' as const, global: isGlobal }));
    const inReach = (audience: typeof own, who: Principal | null, hasTenants = true): boolean =>
      isInReach(audience as { access: 'public'; global: boolean }, who, hasTenants);
    expect([inReach(own, null), inReach(own, admin), inReach(own, adminOfTenant)]).toEqual([false, false, true]);
    expect([inReach(global, null), inReach(global, admin), inReach(own, null, false)]).toEqual([true, true, true]);
    expect(isGranted({ access: 'public', global: false }, null, {}, true)).toBe(false);
  });
});

describe('the user id that events of a channel can name', () => {
  it.each<[string, Principal | null, boolean, boolean, string | null]>([
    ['is null without a token', null, false, false, null],
    ['is that of the token', principal('user', false, null), true, false, 'u'],
    ['is that of a user of the tenant', principal('user', false, 'acme'), false, true, 'u'],
    ['is null on a channel of all tenants', principal('user', false, 'acme'), true, true, null],
    ['is null for a user without a tenant', principal('admin', true, null), false, true, null],
  ])('%s', (_what, who, global, hasTenants, userId) => {
    expect(userIdIn({ access: 'public', global }, who, hasTenants)).toBe(userId);
  });
});

it('the known roles are those that rules name', () => {
  const channels = ['public', { roles: ['a', 'b'] }, { roles: ['b'] }, { owner: 'id' }] as const;
  const named = channels.map((access, index): [string, Channel] => [String(index), { access } as unknown as Channel]);
  expect([...knownRoles(named)]).toEqual(['a', 'b']);
});
