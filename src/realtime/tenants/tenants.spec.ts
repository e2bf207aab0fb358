import { inTenant } from './current-tenant.js';
import { TenantError, Tenants } from './tenants.js';

const withTenants = new Tenants({ tenants: { claim: 'tenantId' } as never });
const without = new Tenants({ tenants: { claim: undefined } as never });

describe('the topic of a channel', () => {
  it('begins with the tenant that is given, or with the one of the running code', () => {
    expect(withTenants.topicOf('apps:created', false, 'acme')).toBe('acme/apps:created');
    expect(inTenant('umbrella', () => withTenants.topicOf('apps:created', false, undefined))).toBe(
      'umbrella/apps:created',
    );
    expect(inTenant('umbrella', () => withTenants.topicOf('apps:created', false, 'acme'))).toBe('acme/apps:created');
  });

  it('is the channel if it is global, or without the option', () => {
    expect(withTenants.topicOf('news', true, undefined)).toBe('news');
    expect(without.topicOf('news', false, undefined)).toBe('news');
  });

  it.each([
    ['for a global channel', () => withTenants.topicOf('news', true, 'acme'), 'must not be given: news is global'],
    ['without the option', () => without.topicOf('news', false, 'acme'), 'must not be given: the option tenants.claim'],
    ['that is empty', () => withTenants.topicOf('news', false, ''), 'must be a non-empty string'],
  ])('refuses a tenant %s', (_when, find, message) => {
    expect(find).toThrow(TenantError);
    expect(find).toThrow(message);
  });

  it('is an error without a tenant', () =>
    expect(() => withTenants.topicOf('news', false, undefined)).toThrow('is missing: name it ({ tenant })'));
});

describe('the key of a user', () => {
  it('contains the tenant; `null` stands for a platform user', () => {
    expect(withTenants.userKeyOf('u1', 'acme')).toBe('acme/u1');
    expect(withTenants.userKeyOf('u1', null)).toBe('/u1');
    expect(inTenant('acme', () => withTenants.userKeyOf('u1', undefined))).toBe('acme/u1');
    expect(inTenant('acme', () => withTenants.userKeyOf('u1', null))).toBe('/u1');
  });

  it('is the id without the option', () => {
    expect(without.userKeyOf('u1', undefined)).toBe('u1');
    expect(without.userKeyOf('u1', null)).toBe('u1');
    expect(() => without.userKeyOf('u1', 'acme')).toThrow(TenantError);
  });

  it('is an error if no tenant is known', () => {
    expect(() => withTenants.userKeyOf('u1', undefined)).toThrow('or null for a platform user');
    expect(() => withTenants.userKeyOf('u1', '')).toThrow('must be a non-empty string');
  });
});

describe('the effective tenant', () => {
  it('is the given one, or that of the running code', () => {
    expect(withTenants.effective('acme')).toBe('acme');
    expect(inTenant('umbrella', () => withTenants.effective(undefined))).toBe('umbrella');
    expect(() => withTenants.effective(undefined)).toThrow('run the code in withTenant');
    expect(() => withTenants.effective('\ud800')).toThrow('well-formed Unicode');
  });

  it('is `null` without the option', () => {
    expect(without.effective(undefined)).toBeNull();
    expect(() => without.effective('acme')).toThrow(TenantError);
  });
});
