import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped } from './support/shapes.js';

const PUBLIC = ['announcements'];
const AUTHENTICATED = [
  ...['apps:created', 'apps:updated', 'apps:deleted', 'apps:deployed', 'apps:status'],
  ...['users:created', 'users:updated', 'users:deleted'],
  ...['database:table_created', 'database:table_updated', 'database:table_deleted', 'database:row_updated'],
  ...['deployments:started', 'deployments:completed', 'deployments:failed', 'deployments:status'],
  ...['storage:uploaded', 'storage:deleted', 'storage:updated'],
];
const ADMIN = ['system:health', 'system:metrics', 'system:alerts'];

type Who = 'anonymous' | 'user' | 'admin';
type Answer = 'subscribed' | 'forbidden' | 'unknown_channel';

describe('access to channels', () => {
  let app: RealtimeApp;
  let clients: Record<Who, WsClient>;

  beforeAll(async () => {
    app = await RealtimeApp.start();
    const anonymous = await app.connect();
    await anonymous.next('connected');
    clients = { anonymous, user: await app.connectAs({ sub: 'u1' }), admin: await app.connectAdmin() };
  });
  afterAll(() => app.close());

  const everyone = (anonymous: Answer, user: Answer, admin: Answer) => ({ anonymous, user, admin });
  const matrix: [string, Record<Who, Answer>][] = [
    ...PUBLIC.map((name) => [name, everyone('subscribed', 'subscribed', 'subscribed')] as const),
    ...AUTHENTICATED.map((name) => [name, everyone('forbidden', 'subscribed', 'subscribed')] as const),
    ...ADMIN.map((name) => [name, everyone('forbidden', 'forbidden', 'subscribed')] as const),
    ['user:u1', everyone('forbidden', 'subscribed', 'subscribed')],
    ['user:boss', everyone('forbidden', 'forbidden', 'subscribed')],
    // Not registered, under a rule that only some users pass: other users cannot tell whether it exists.
    ['apps:nothing', everyone('forbidden', 'unknown_channel', 'unknown_channel')],
    ['apps:created:more', everyone('forbidden', 'unknown_channel', 'unknown_channel')],
    ['system:nothing', everyone('forbidden', 'forbidden', 'unknown_channel')],
    // Under no rule at all.
    ['nobody:knows', everyone('unknown_channel', 'unknown_channel', 'unknown_channel')],
    ['apps', everyone('unknown_channel', 'unknown_channel', 'unknown_channel')],
    ['announcements:x', everyone('unknown_channel', 'unknown_channel', 'unknown_channel')],
    ['Announcements', everyone('unknown_channel', 'unknown_channel', 'unknown_channel')],
    ['APPS:created', everyone('unknown_channel', 'unknown_channel', 'unknown_channel')],
    ['__proto__', everyone('unknown_channel', 'unknown_channel', 'unknown_channel')],
    ['constructor:name', everyone('unknown_channel', 'unknown_channel', 'unknown_channel')],
  ].map(([name, answers]) => [name as string, answers as Record<Who, Answer>]);

  describe.each(['anonymous', 'user', 'admin'] as const)('as %s', (who) => {
    it.each(matrix.map(([name, answers]) => [name, answers[who]] as const))('%s is %s', async (channel, expected) => {
      const answer = await clients[who].ask({ type: 'subscribe', channel });
      const ref: unknown = expect.any(String);
      if (expected === 'subscribed') {
        expect(answer).toMatchObject({ type: 'subscribed', channel });
      } else {
        const message =
          expected === 'forbidden' ? 'Not authorized to subscribe to this channel' : expect.stringContaining('Unknown');
        expect(answer).toEqual(stamped({ type: 'error', code: expected, channel, message, ref }));
      }
    });

    it('receives all authorized channels in connected and list_channels', async () => {
      const listed = {
        anonymous: PUBLIC,
        user: [...PUBLIC, ...AUTHENTICATED, 'user:u1'],
        admin: [...PUBLIC, ...AUTHENTICATED, ...ADMIN, 'user:boss'],
      }[who];
      const [connected] = clients[who].frames;
      expect(connected).toMatchObject({ authorizedChannels: listed });
      expect(await clients[who].ask({ type: 'list_channels' })).toMatchObject({ channels: listed });
    });
  });

  it('an admin can read the private channel of a user, another user cannot', async () => {
    const other = await app.connectAs({ sub: 'u2' });
    const [owner, admin] = [await app.connectAs({ sub: 'u1' }), await app.connectAdmin()];
    for (const client of [other, owner, admin]) client.send({ type: 'subscribe', channel: 'user:u1' });
    await Promise.all([owner.next('subscribed'), admin.next('subscribed'), other.next('error')]);
    await app.events.emitToUser('u1', { secret: 1 });
    for (const client of [owner, admin]) {
      expect(await client.next('event')).toMatchObject({ channel: 'user:u1', data: { secret: 1 } });
    }
    await other.expectNone('event');
  });

  it('sends the same refusal for registered and unregistered channels', async () => {
    const { channel: _1, ...registered } = (await clients.user.ask({
      type: 'subscribe',
      channel: 'system:health',
    })) as {
      channel: string;
    };
    const { channel: _2, ...nothing } = (await clients.user.ask({ type: 'subscribe', channel: 'system:nope' })) as {
      channel: string;
    };
    expect({ ...nothing, ref: '', timestamp: '' }).toEqual({ ...registered, ref: '', timestamp: '' });
  });
});

describe('the private channel of a user', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  it.each([
    ['abc', 'user:abc'],
    ['Abc_d.e@f-1', 'user:Abc_d.e@f-1'],
    ['a:b', 'user:a%3Ab'],
    ['a b', 'user:a%20b'],
    ['ü', 'user:%C3%BC'],
    ['100%', 'user:100%25'],
    ['*', 'user:%2A'],
    ["(it's!~)", 'user:%28it%27s%21%7E%29'],
    ['😀/\u0000', 'user:%F0%9F%98%80%2F%00'],
    ['x'.repeat(195), `user:${'x'.repeat(195)}`],
  ])('of %j is %s, and delivers events to that user', async (sub, channel) => {
    const client = await app.connect({ token: (await import('../support/jwt.js')).signToken({ sub }) });
    const connected = await client.next('connected');
    expect(connected.authorizedChannels.at(-1)).toBe(channel);
    expect(await client.ask({ type: 'subscribe', channel })).toMatchObject({ type: 'subscribed', channel });
    await app.events.emitToUser(sub, { for: sub });
    expect(await client.next('event')).toMatchObject({ channel, data: { for: sub } });
    client.terminate();
  });

  it.each([
    ['user:%61bc', 'an encoding that is not needed'],
    ['user:%41BC', 'an encoding that is not needed'],
    ['user:%c3%bc', 'lower-case hex'],
    ['user:%C3', 'half a character'],
    ['user:%', 'a percent sign alone'],
    ['user:%2', 'half an encoding'],
    ['user:%ZZ', 'no hex'],
    ['user:%2540', 'fine as "%40", but not of this user'],
  ])('is not addressed by %s: %s', async (channel) => {
    const users = await Promise.all([
      app.connectAs({ sub: 'abc' }),
      app.connectAs({ sub: 'ü' }),
      app.connectAs({ sub: 'ABC' }),
    ]);
    for (const user of users) {
      expect(await user.ask({ type: 'subscribe', channel })).toMatchObject({ code: 'forbidden', channel });
    }
    if (channel === 'user:%2540') return;
    const admin = await app.connectAdmin();
    expect(await admin.ask({ type: 'subscribe', channel })).toMatchObject({ code: 'unknown_channel', channel });
    await expect(app.events.publish(channel, {})).rejects.toThrow('channel is not registered');
  });

  it.each(['user:u1:more', 'users:u1', 'USER:u1', 'user'])('does not exist at %s', async (channel) => {
    const client = await app.connectAs({ sub: 'u1' });
    expect(await client.ask({ type: 'subscribe', channel })).toMatchObject({ code: 'unknown_channel' });
  });

  it('is case-sensitive in the user id', async () => {
    const client = await app.connectAs({ sub: 'u1' });
    for (const channel of ['user:U1', 'user:u', 'user:u11', 'user:1']) {
      expect(await client.ask({ type: 'subscribe', channel })).toMatchObject({ code: 'forbidden' });
    }
  });
});

describe('wildcards', () => {
  let app: RealtimeApp;
  const apps = AUTHENTICATED.filter((name) => name.startsWith('apps:'));

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  it('subscribe to every channel of a group, with one reply each', async () => {
    const client = await app.connectAs();
    client.send({ type: 'subscribe', channel: 'apps:*', ref: 'w' });
    for (const channel of apps) {
      expect(await client.next()).toEqual(
        stamped({ type: 'subscribed', channel, ref: 'w', lastEventId: expect.any(String) }),
      );
    }
    await app.events.emit('apps:status', { id: '1', status: 'up' });
    expect(await client.next()).toMatchObject({ type: 'event', channel: 'apps:status' });
  });

  it('can be combined with other names in channels', async () => {
    const client = await app.connectAs();
    client.send({ type: 'subscribe', channels: ['users:*', 'apps:created', 'system:*', { channel: 'storage:*' }] });
    const answers = [];
    while (answers.length < 8) answers.push(await client.next());
    expect(answers.map((answer) => 'channel' in answer && answer.channel)).toEqual([
      ...['users:created', 'users:updated', 'users:deleted'],
      'apps:created',
      'system:*',
      ...['storage:uploaded', 'storage:deleted', 'storage:updated'],
    ]);
    expect(answers[4]).toEqual(errorOf('forbidden', { channel: 'system:*' }));
    await client.expectNone();
  });

  it('reply again for subscribed channels', async () => {
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'users:updated' });
    client.send({ type: 'subscribe', channel: 'users:*' });
    for (let count = 0; count < 3; count += 1) await client.next('subscribed');
    await app.events.emit('users:updated', { id: '1', email: 'e' });
    await client.next('event');
    await client.expectNone();
  });

  it('unsubscribe from the subscribed channels of the group', async () => {
    const client = await app.connectAs();
    client.send({ type: 'subscribe', channels: ['apps:created', 'apps:updated', 'users:created'] });
    await client.fence();
    expect(await client.ask({ type: 'unsubscribe', channel: 'apps:*' })).toMatchObject({ channel: 'apps:created' });
    expect(await client.next('unsubscribed')).toMatchObject({ channel: 'apps:updated' });
    expect(await client.ask({ type: 'list_channels' })).toMatchObject({ subscribed: ['users:created'] });
    expect(await client.ask({ type: 'unsubscribe', channel: 'apps:*' })).toEqual(
      errorOf('not_subscribed', { channel: 'apps:*', ref: expect.any(String) }),
    );
  });

  it.each<[string, Answer, Answer, Answer]>([
    ['apps:*', 'forbidden', 'subscribed', 'subscribed'],
    ['system:*', 'forbidden', 'forbidden', 'subscribed'],
    ['user:*', 'forbidden', 'unknown_channel', 'unknown_channel'],
    ['nobody:*', 'unknown_channel', 'unknown_channel', 'unknown_channel'],
    ['announcements:*', 'unknown_channel', 'unknown_channel', 'unknown_channel'],
    ['apps:created:*', 'forbidden', 'unknown_channel', 'unknown_channel'],
  ])('%s is %s for anonymous, %s for a user, %s for an admin', async (channel, ...expected) => {
    const anonymous = await app.connect();
    const clients = [anonymous, await app.connectAs(), await app.connectAdmin()];
    const answers = await Promise.all(clients.map((client) => client.ask({ type: 'subscribe', channel })));
    expect(answers.map((answer) => (answer.type === 'error' ? answer.code : answer.type))).toEqual(expected);
  });
});

describe('custom channels of an application', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({
      channels: [
        { name: 'apps:archived' },
        { name: 'projects:created', access: 'authenticated' },
        { name: 'projects:audit', access: 'admin' },
        { name: 'news', access: 'public' },
        { name: 'apps:teaser', access: 'public' },
        { name: 'cursor:moved', access: 'authenticated', history: false },
      ],
    });
  });
  afterAll(() => app.close());

  it.each<[string, Answer, Answer, Answer]>([
    ['apps:archived', 'forbidden', 'subscribed', 'subscribed'],
    ['projects:created', 'forbidden', 'subscribed', 'subscribed'],
    ['projects:audit', 'forbidden', 'forbidden', 'subscribed'],
    ['news', 'subscribed', 'subscribed', 'subscribed'],
    ['apps:teaser', 'subscribed', 'subscribed', 'subscribed'],
    ['cursor:moved', 'forbidden', 'subscribed', 'subscribed'],
    ['projects:other', 'unknown_channel', 'unknown_channel', 'unknown_channel'],
  ])('%s: %s for anonymous, %s for a user, %s for an admin', async (channel, ...expected) => {
    const clients = [await app.connect(), await app.connectAs(), await app.connectAdmin()];
    const answers = await Promise.all(clients.map((client) => client.ask({ type: 'subscribe', channel })));
    expect(answers.map((answer) => (answer.type === 'error' ? answer.code : answer.type))).toEqual(expected);
  });

  it('are listed, match the wildcard of their group, and deliver events', async () => {
    const client = await app.connect({ token: (await import('../support/jwt.js')).signToken() });
    const { authorizedChannels } = await client.next('connected');
    expect(authorizedChannels).toEqual(expect.arrayContaining(['apps:archived', 'projects:created', 'news']));
    expect(authorizedChannels).not.toContain('projects:audit');
    client.send({ type: 'subscribe', channel: 'projects:*' });
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'projects:created' });
    await client.expectNone();
    await app.events.publish('projects:created', { id: 'p' });
    expect(await client.next()).toMatchObject({ type: 'event', channel: 'projects:created', data: { id: 'p' } });
  });

  it('are available by a wildcard if an anonymous connection can use one of the group', async () => {
    const client = await app.connect();
    await client.next('connected');
    client.send({ type: 'subscribe', channel: 'apps:*' });
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'apps:teaser' });
    await client.expectNone();
  });

  it.each<[string, object, string]>([
    ['no name', { access: 'public' }, 'channels[0]'],
    ['an invalid channel name', { name: 'a b', access: 'public' }, 'segments'],
    ['a wildcard', { name: 'projects:*', access: 'public' }, 'must not end in *: name each channel'],
    ['no access, without a matching rule', { name: 'projects:created' }, 'projects:created matches no rule'],
    ['an unknown access', { name: 'projects:created', access: 'owner' }, 'access must be'],
    ['another access for a built-in one', { name: 'system:health', access: 'public' }, 'system:health is built in'],
    ['a private channel', { name: 'user:u1', access: 'public' }, 'private channels'],
    ['an invalid history', { name: 'a', access: 'public', history: { size: 0 } }, 'history must be'],
    ['a history of unknown fields', { name: 'a', access: 'public', history: { length: 5 } }, 'history must be'],
  ])('are rejected at startup with %s', async (_what, definition, sentence) => {
    await expect(RealtimeApp.start({ channels: [definition as { name: string }] })).rejects.toThrow(sentence);
  });
});
