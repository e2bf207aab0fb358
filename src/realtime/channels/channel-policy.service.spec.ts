import { Logger } from '@nestjs/common';
import { Expose } from 'class-transformer';
import { IsString } from 'class-validator';
import { principalOf } from '../../../test/support/offline-connection.js';
import type { Principal } from '../auth/principal.js';
import { Counters } from '../observability/counters.js';
import { resolveOptions } from '../options/resolve-options.js';
import { ChannelCatalogue } from './channel-catalogue.js';
import { ChannelFeatures, type PolicyEntry } from './channel-features.js';
import { NO_GROUPS } from './fields/field-groups.js';
import { ChannelPolicyService } from './channel-policy.service.js';

const CHANNELS = [
  { name: 'open', access: 'public' },
  { name: 'list:one', access: 'public' },
  { name: 'list:two', access: 'authenticated' },
  { name: 'list:admin', access: 'admin' },
  { name: 'sales', access: { roles: ['sales'] } },
  { name: 'orders:{userId}', access: { owner: 'userId' } },
  { name: 'groups:{id}' },
  { name: 'teams:all' },
] as const;

type Answer = (channel: string) => unknown;

describe('ChannelPolicyService', () => {
  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(true));

  let asked: string[];
  let answer: Answer;

  function create(given: object = {}, instance?: object): ChannelPolicyService {
    const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) }, builtInChannels: false, ...given });
    const canSubscribe = ({ channel }: { channel: string }): unknown => {
      asked.push(channel);
      return answer(channel);
    };
    const entry = {
      name: 'TeamPolicy',
      patterns: ['groups:{id}', 'teams:all'],
      module: 'M',
      instance: instance ?? { canSubscribe },
    };
    const features = new ChannelFeatures(CHANNELS, [entry as PolicyEntry]);
    return new ChannelPolicyService(new ChannelCatalogue(options, features), features, new Counters(), options);
  }

  let policy: ChannelPolicyService;
  beforeEach(() => {
    [asked, answer] = [[], () => true];
    policy = create();
  });

  const user = principalOf('u');
  const verdict = async (who: Principal | null, name: string, service = policy): Promise<string> =>
    (await service.explain(who, name)).verdict;

  it.each<[string, Principal | null, string, string]>([
    ['a public channel', null, 'open', 'granted'],
    ['a channel for clients with a token, without one', null, 'list:two', 'forbidden'],
    ['a channel for clients with a token', user, 'list:two', 'granted'],
    ['a channel for administrators', user, 'list:admin', 'forbidden'],
    ['a channel for administrators, for one', principalOf('b', { roles: ['admin'] }), 'list:admin', 'granted'],
    ['a channel for a role', principalOf('s', { roles: ['user', 'sales'] }), 'sales', 'granted'],
    ['a channel for another role', user, 'sales', 'forbidden'],
    ['the channel of the user', user, 'orders:u', 'granted'],
    ['the channel of another user', user, 'orders:v', 'forbidden'],
    ['a name that no rule covers', user, 'nothing', 'unknown_channel'],
  ])('decides on %s', async (_what, who, name, expected) => {
    expect(await verdict(who, name)).toBe(expected);
    const authorized = policy.authorize(who, name);
    if (expected === 'granted') expect((await authorized).granted).toEqual({ groups: [], fields: [] });
    else await expect(authorized).rejects.toMatchObject({ code: expected, channel: name });
    expect(asked).toEqual([]);
  });

  it('asks the policy of a channel, and passes on the fields that it grants', async () => {
    answer = (channel) => ({ allowed: channel !== 'groups:2', groups: ['lead'], fields: ['salary'] });
    expect((await policy.authorize(user, 'groups:1')).granted).toEqual({ groups: ['lead'], fields: ['salary'] });
    expect(await verdict(user, 'groups:2')).toBe('forbidden');
    expect(['groups:1', 'open', 'nothing'].map((name) => policy.asksPolicy(user, name))).toEqual([
      ...[true, false, false],
    ]);
    expect(asked).toEqual(['groups:1', 'groups:2']);
  });

  it('applies the limit of a token before rules and policies, so that its decision waits for none', async () => {
    const limited = { ...user, channels: ['list:two', 'teams:*'] };
    expect(policy.asksPolicy(limited, 'groups:1')).toBe(false);
    expect(policy.callsFor({ ...user, channels: ['list:*'] }, 'teams:*')).toBe(0);
    for (const name of ['groups:1', 'open', 'nothing', 'list:one'])
      expect(await verdict(limited, name)).toBe('forbidden');
    expect(asked).toEqual([]);
    expect(await policy.expand(limited, 'list:*')).toEqual(['list:two']);
    expect(policy.authorizedChannels(limited)).toEqual(['list:two']);
    await expect(policy.expand({ ...user, channels: [] }, 'teams:*')).rejects.toMatchObject({ code: 'forbidden' });
    expect(asked).toEqual([]);
  });

  it('answers unavailable if the policy cannot decide', async () => {
    answer = () => 'perhaps';
    expect(await verdict(user, 'groups:1')).toBe('unavailable');
    await expect(policy.authorize(user, 'groups:1')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('resolves a wildcard to the channels that the principal can use', async () => {
    expect(await policy.expand(null, 'list:*')).toEqual(['list:one']);
    expect(await policy.expand(user, 'list:*')).toEqual(['list:one', 'list:two']);
    expect([
      await policy.expand(user, 'teams:*'),
      policy.callsFor(user, 'teams:*'),
      policy.callsFor(user, 'teams:all'),
    ]).toEqual([...[['teams:all'], 1, 0]]);
    await expect(policy.expand(user, 'nothing:*')).rejects.toMatchObject({ code: 'unknown_channel' });
    answer = () => 'perhaps';
    expect(await policy.resolve(user, 'teams:*')).toMatchObject([
      { channel: 'teams:all', error: { code: 'unavailable' } },
    ]);
  });

  it('lists the channels of a principal with the private one, and none with a policy', () => {
    expect(policy.authorizedChannels(null)).toEqual(['open', 'list:one']);
    expect(policy.authorizedChannels(user)).toEqual(['open', 'list:one', 'list:two', 'user:u']);
    expect(policy.authorizedChannels(principalOf('s', { roles: ['sales'] }))).toContain('sales');
  });

  it('refuses a client without a tenant before it asks a policy', async () => {
    const ofTenants = create({ tenants: { claim: 'tenant', platformRole: 'admin' } });
    expect(await verdict(null, 'groups:1', ofTenants)).toBe('forbidden');
    expect(asked).toEqual([]);
    expect(await verdict(principalOf('u', { tenant: 'a' }), 'groups:1', ofTenants)).toBe('granted');
    const boss = { ...principalOf('b', { tenant: 'a' }), homeTenant: null };
    expect(ofTenants.authorizedChannels(boss)).not.toContain('user:b');
  });

  it('shows restricted fields to the groups that a principal has, or is granted', () => {
    class Order {
      @IsString()
      id!: string;
      @Expose({ groups: ['sales'] })
      price!: number;
    }
    const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) } });
    const features = new ChannelFeatures([{ name: 'order:{id}', access: 'public', data: Order }, CHANNELS[0]]);
    const service = new ChannelPolicyService(
      new ChannelCatalogue(options, features),
      features,
      new Counters(),
      options,
    );
    const sales = principalOf('s', { roles: ['sales'] });
    const [without, withPrice] = [service.viewOf(user, 'order:1'), service.viewOf(sales, 'order:1')];
    expect(withPrice).not.toEqual(without);
    expect(service.viewOf(user, 'order:1', { groups: ['sales'], fields: [] })).not.toEqual(without);
    expect([without, withPrice]).not.toContain(NO_GROUPS);
    expect([service.viewOf(sales, 'open'), service.viewOf(sales, 'nothing')]).toEqual([NO_GROUPS, NO_GROUPS]);
  });

  it('does not start with a policy that cannot be called', () => {
    expect(() => create({}, {}).onModuleInit()).toThrow('the policy TeamPolicy needs canSubscribe(context)');
    expect(() => policy.onModuleInit()).not.toThrow();
  });
});
