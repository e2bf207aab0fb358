import { IsString } from 'class-validator';
import type { ChannelDefinition } from '../options/channel-definition.js';
import { resolveOptions } from '../options/resolve-options.js';
import { ChannelCatalogue } from './channel-catalogue.js';
import { ChannelFeatures, type PolicyEntry } from './channel-features.js';
import { ExposeToUser } from './fields/expose-to-user.js';

const OPTIONS = resolveOptions({ jwt: { secret: 'x'.repeat(32) } });

function policy(name: string, ...patterns: string[]): PolicyEntry {
  return { name, patterns, module: `${name}Module`, instance: undefined };
}

function catalogue(channels: readonly unknown[], ...policies: PolicyEntry[]): ChannelCatalogue {
  return new ChannelCatalogue(OPTIONS, new ChannelFeatures(channels as ChannelDefinition[], policies));
}

describe('ChannelCatalogue', () => {
  const own = catalogue(
    [
      { name: 'projects:{projectId}:updated' },
      { name: 'orders:{userId}:status', access: { owner: 'userId' }, history: false, presence: true },
      { name: 'billing:invoices', access: { roles: ['billing'] } },
      { name: 'apps:{appId}:logs', history: { size: 5 } },
    ],
    policy('ProjectPolicy', 'projects:{projectId}:*'),
  );

  it('finds a channel by the pattern that its name matches, which is also its metrics label', () => {
    expect(own.find('projects:42:updated')).toEqual({
      pattern: 'projects:{projectId}:updated',
      access: { policy: 'ProjectPolicy' },
      data: null,
      declared: null,
      fields: null,
      history: { size: 100, ttlMs: 300_000 },
      readable: true,
      presence: false,
      presenceState: false,
      occupancy: false,
      autoSubscribe: false,
      stream: null,
      global: false,
    });
    expect(own.find('orders:u1:status')).toMatchObject({ history: null, presence: true, access: { owner: 'userId' } });
    expect(own.find('apps:7:logs')).toMatchObject({ access: 'authenticated', history: { size: 5, ttlMs: 300_000 } });
    expect(own.patternOf('projects:42:updated')).toBe('projects:{projectId}:updated');
    expect([...own.patterns()]).toContain('orders:{userId}:status');
  });

  it.each([
    ...['projects:42', 'projects:42:deleted', 'projects:42:updated:more', 'projects::updated', 'projects:{x}:updated'],
    ...['projects:a b:updated', 'projects:%34%32:updated', 'Projects:42:updated', 'user:%75', 'user:a:b', 'user:'],
  ])('rejects the unknown channel %s', (name) => expect(own.find(name)).toBeNull());

  it('finds the private channel of a user only in its canonical spelling', () => {
    expect(own.find('user:a%2Fb')).toMatchObject({ pattern: 'user:{userId}', access: { owner: 'userId' } });
    expect(own.find('user:a%2fb')).toBeNull();
  });

  it.each<[string, readonly unknown[], readonly PolicyEntry[], RegExp]>([
    ['a definition that is not an object', [null], [], /must be an object with a `name`/],
    ['a bad name', [{ name: 'a b' }], [], /name "a b" must be segments/],
    ['an open pattern', [{ name: 'a:*', access: 'public' }], [], /must not end in \*/],
    [
      'a channel without a rule',
      [{ name: 'a:b' }],
      [],
      /a:b matches no rule: give it an `access`, or provide a @ChannelPolicy/,
    ],
    ['an unknown access', [{ name: 'a:b', access: 'owner' }], [], /access must be public, authenticated, admin/],
    ['data that is not a class', [{ name: 'a:b', access: 'public', data: {} }], [], /a:b: data must be a class/],
    [
      'an empty list of roles',
      [{ name: 'a:b', access: { roles: [] } }],
      [],
      /roles must be a list of at least one role/,
    ],
    ['roles and an owner', [{ name: 'a:{b}', access: { roles: ['x'], owner: 'b' } }], [], /access must be public/],
    [
      'an owner that is not a parameter',
      [{ name: 'a:{b}', access: { owner: 'c' } }],
      [],
      /must be a parameter of the name/,
    ],
    ['an access for a built-in channel', [{ name: 'apps:created', access: 'public' }], [], /is built in/],
    [
      'a channel in the group of private channels',
      [{ name: 'user:{id}:x', access: 'public' }],
      [],
      /belongs to the private channels/,
    ],
    [
      'a pattern that overlaps with a built-in channel',
      [{ name: 'apps:{x}', access: 'public' }],
      [],
      /apps:\{x\} and apps:created overlap/,
    ],
    [
      'the same name twice',
      [
        { name: 'a:b', access: 'public' },
        { name: 'a:b', access: 'public' },
      ],
      [],
      /a:b is registered twice/,
    ],
    [
      'two overlapping patterns',
      [
        { name: 'a:{x}:c', access: 'public' },
        { name: 'a:b:{y}', access: 'public' },
      ],
      [],
      /a:\{x\}:c and a:b:\{y\} overlap/,
    ],
    ['a bad pattern', [], [policy('P', '{x}:*')], /@ChannelPolicy\('\{x\}:\*'\) of P must begin with a group/],
    [
      'two policies with overlapping patterns',
      [],
      [policy('P', 'a:{x}:*'), policy('Q', 'a:b:c')],
      /the policy P \('a:\{x\}:\*'\) and the policy Q \('a:b:c'\) overlap/,
    ],
    ['the same policy twice', [], [policy('P', 'a:*'), policy('P', 'a:*')], /provided twice, in PModule and PModule/],
    [
      'a policy for a built-in channel',
      [],
      [policy('P', 'apps:*')],
      /P \('apps:\*'\) covers apps:created, which is built/,
    ],
    ['a policy for private channels', [], [policy('P', 'user:{id}:x')], /belongs to the private channels/],
    [
      'a policy for a channel with an access',
      [{ name: 'a:b', access: 'public' }],
      [policy('P', 'a:*')],
      /a:b has its own access, and the policy P \('a:\*'\) covers it/,
    ],
    [
      'a policy that covers only part of a pattern',
      [{ name: 'a:{x}' }],
      [policy('P', 'a:b')],
      /covers a part of a:\{x\}/,
    ],
  ])('rejects %s', (_what, channels, policies, message) => {
    expect(() => catalogue(channels, ...policies)).toThrow(message);
  });

  it('says which channels are built in, and lists those with a name and those with a pattern', () => {
    expect(['apps:created', 'billing:invoices', 'apps:7:logs'].map((name) => own.isBuiltIn(name))).toEqual([
      ...[true, false, false],
    ]);
    expect([...own.list()].map(([name]) => name)).toContain('billing:invoices');
    expect([...own.list()].map(([name]) => name)).not.toContain('orders:{userId}:status');
    const registered = [...own.registered()].map(([name]) => name);
    expect(registered).toEqual(expect.arrayContaining(['billing:invoices', 'orders:{userId}:status', 'user:{userId}']));
    expect(own.patternOf('user:7')).toBe('user:{userId}');
    expect(own.patternOf('nothing')).toBe('user:{userId}');
    expect(own.patternOf('apps:created')).toBe('apps:*');
  });

  it('knows the audience of a name that is not registered, if a rule covers it', () => {
    expect(own.audienceOf('projects:1:x')).toEqual({ access: { policy: 'ProjectPolicy' }, global: false });
    expect(own.audienceOf('system:x')).toEqual({ access: 'admin', global: true });
    expect(own.audienceOf('apps:created')).toMatchObject({ access: 'authenticated', global: false });
    expect(own.audienceOf('nothing')).toBeNull();
  });

  it('lets clients read a history unless the definition says otherwise', () => {
    const histories = [undefined, false, { read: false }, { read: true }, { ttlMs: 5 }];
    const all = catalogue(histories.map((history, index) => ({ name: `h:${index}`, access: 'public', history })));
    const found = histories.map((_history, index) => all.find(`h:${index}`));
    expect(found.map((channel) => channel?.readable)).toEqual([true, false, false, true, true]);
    expect(found.map((channel) => channel?.history?.ttlMs)).toEqual([300_000, undefined, 300_000, 300_000, 5]);
  });

  describe('with tenants', () => {
    class Card {
      @ExposeToUser('holder')
      pin!: string;
      @IsString()
      holder!: string;
    }
    const ofTenants = (channel: object, claim: string | undefined = 'org'): ChannelCatalogue => {
      const options = resolveOptions({
        jwt: { secret: 'x'.repeat(32) },
        tenants: claim === undefined ? {} : { claim },
      });
      return new ChannelCatalogue(options, new ChannelFeatures([{ name: 'a:{id}', access: 'public', ...channel }]));
    };

    it.each<[object, string]>([
      [{ presence: true }, 'a:{id} is global and has presence'],
      [{ access: { owner: 'id' } }, 'a:{id} is global and has owners'],
      [{ data: Card }, 'a:{id} is global and its class has @ExposeToUser'],
    ])('refuses a global channel that would mix up users: %j', (channel, problem) => {
      expect(() => ofTenants({ ...channel, global: true })).toThrow(problem);
      expect(ofTenants(channel).find('a:1')).toMatchObject({ global: false });
    });

    it('allows a global channel without users', () => {
      expect(ofTenants({ global: true }).find('a:1')).toMatchObject({ global: true });
    });
  });

  it.each<[string, object]>([
    ['@LiveResource x y', { state: Object }],
    ['`forFeature` x y', {}],
  ])('names the place that registers an invalid channel: %s', (message, definition) => {
    const features = new ChannelFeatures([{ name: 'x y', access: 'public', ...definition }]);
    const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) } });
    expect(() => new ChannelCatalogue(options, features)).toThrow(message.replace('x y', 'name "x y"'));
  });

  it('strips undeclared fields if the option or the definition says so', () => {
    class Data {
      @IsString()
      text!: string;
    }
    const declared = (option: boolean, definition: object): boolean => {
      const options = resolveOptions({ jwt: { secret: 'x'.repeat(32) }, declaredFieldsOnly: option });
      const features = new ChannelFeatures([{ name: 'a:b', access: 'public', ...definition }]);
      return new ChannelCatalogue(options, features).find('a:b')?.declared !== null;
    };
    expect([declared(true, { data: Data }), declared(false, { data: Data }), declared(true, {})]).toEqual([
      ...[true, false, false],
    ]);
    expect([
      declared(true, { data: Data, declaredFieldsOnly: false }),
      declared(false, { data: Data, declaredFieldsOnly: true }),
    ]).toEqual([false, true]);
  });
});
