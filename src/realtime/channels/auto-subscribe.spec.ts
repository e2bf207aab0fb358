import { principalFromClaims, withTenant } from '../auth/principal.js';
import type { ChannelDefinition } from '../options/channel-definition.js';
import { resolveOptions } from '../options/resolve-options.js';
import { ChannelCatalogue } from './channel-catalogue.js';

const jwt = { secret: 'x'.repeat(32) };
const PLAIN = { jwt };
const TENANTS = { jwt, tenants: { claim: 'tenant', platformRole: 'root' } };

type Options = Parameters<typeof resolveOptions>[0];
const principal = (claims: object, options: Options = PLAIN) =>
  principalFromClaims({ exp: 9_999_999_999, ...claims }, resolveOptions(options), 'a token', Date.now());
const catalogue = (channels: readonly ChannelDefinition[], options: Options = PLAIN) =>
  new ChannelCatalogue(resolveOptions({ ...options, channels: [...channels] }));
const auto = (name: string, more: object = {}): ChannelDefinition => ({ name, autoSubscribe: true, ...more });

describe('autoSubscribe', () => {
  it('is off on all built-in channels', () => {
    expect(catalogue([]).autoSubscribedFor(principal({ sub: 'ann' }))).toEqual([]);
  });

  it('fills the parameters that the token knows, and can be switched on for built-in channels', () => {
    const known = catalogue([
      ...[auto('user:{userId}'), auto('announcements'), auto('feed:{userId}:new', { access: 'authenticated' })],
      auto('orders:{customer}', { access: { owner: 'customer' } }),
    ]);
    const ofAnn = ['user:ann', 'announcements', 'feed:ann:new', 'orders:ann'];
    expect(known.autoSubscribedFor(principal({ sub: 'ann' }))).toEqual(ofAnn);
    for (const name of ofAnn) expect(known.find(name)).not.toBeNull();
    // Only private channels can contain an encoded id.
    expect(known.autoSubscribedFor(principal({ sub: 'a/b' }))).toEqual(['user:a%2Fb', 'announcements']);
    expect(known.autoSubscribedFor(null)).toEqual(['announcements']);
  });

  it('changes the other fields of a built-in family, too', () => {
    expect(catalogue([auto('user:{userId}', { history: { size: 7 } })]).find('user:ann')).toMatchObject({
      history: { size: 7 },
      access: { owner: 'userId' },
    });
  });

  it('fills the tenant, and gives a platform user no channel of a user inside a tenant', () => {
    const known = catalogue([auto('user:{userId}'), auto('teams:{tenant}', { access: 'authenticated' })], TENANTS);
    const ann = principal({ sub: 'ann', tenant: 'acme' }, TENANTS);
    expect(known.autoSubscribedFor(ann)).toEqual(['user:ann', 'teams:acme']);
    const root = principal({ sub: 'root', role: 'root' }, TENANTS);
    expect(known.autoSubscribedFor(root)).toEqual([]);
    expect(known.autoSubscribedFor(withTenant(root, 'acme'))).toEqual(['teams:acme']);
  });

  it.each<[string, ChannelDefinition, RegExp]>([
    [
      'a parameter without a value',
      auto('orders:{orderId}', { access: 'authenticated' }),
      /orders:\{orderId\} has autoSubscribe, but a token has no value for \{orderId\}: use \{userId\} or .*RealtimeControl\.subscribe/,
    ],
    ['a tenant without tenants', auto('teams:{tenant}', { access: 'authenticated' }), /no value for \{tenant\}/],
    ['another type', auto('a:b', { access: 'public', autoSubscribe: 1 }), /a:b: autoSubscribe must be true or false/],
  ])('does not start with %s', (_what, definition, problem) => {
    expect(() => catalogue([definition])).toThrow(problem);
  });

  it('does not start with more channels than a connection can have', () => {
    const channels = [1, 2, 3].map((index) => auto(`news:${index}`, { access: 'public' }));
    expect(() => catalogue(channels, { ...PLAIN, maxSubscriptionsPerConnection: 2 })).toThrow(
      /3 channels have autoSubscribe, more than `maxSubscriptionsPerConnection` \(2\)/,
    );
  });
});
