import { signToken } from '../support/jwt.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf } from './support/shapes.js';

describe('channels in the URL', () => {
  let app: RealtimeApp;
  beforeAll(async () => {
    app = await RealtimeApp.start({ maxSubscriptionsPerConnection: 3 });
  });
  afterAll(() => app.close());

  const open = (query: string, token = signToken()): Promise<WsClient> => connect(`${app.url}?token=${token}&${query}`);
  const answers = async (client: WsClient, count: number): Promise<unknown[]> => {
    const frames = [];
    for (let index = 0; index < count; index += 1) frames.push(await client.next());
    await client.fence();
    return frames;
  };

  it('each get a reply after `connected`, like a subscribe frame, and deliver events', async () => {
    const client = await open('channels=apps:created,user:u2,users:updated');
    expect(await answers(client, 4)).toMatchObject([
      { type: 'connected' },
      { type: 'subscribed', channel: 'apps:created' },
      { type: 'error', code: 'forbidden', channel: 'user:u2' },
      { type: 'subscribed', channel: 'users:updated' },
    ]);
    await app.events.emit('apps:created', { id: '1', name: 'one' });
    expect(await client.next('event')).toMatchObject({ channel: 'apps:created' });
    await client.close();
  });

  it('can be encoded, repeated, and wildcards', async () => {
    const client = await open('channels=apps%3Acreated&channels=deployments:*');
    expect(await client.next('connected')).toBeDefined();
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'apps:created' });
    expect(await client.next()).toMatchObject({ channel: expect.stringMatching(/^deployments:/) });
    await client.close();
  });

  it('are found before and after a token appended with a second question mark', async () => {
    const client = await connect(`${app.url}?channels=apps:created?token=${signToken()}`);
    expect(await answers(client, 2)).toMatchObject([
      { type: 'connected', user: { userId: 'u1' } },
      { type: 'subscribed', channel: 'apps:created' },
    ]);
    await client.close();
  });

  it.each([
    ['a malformed name', 'channels=apps:created,no%20name', { field: 'channels[1]' }],
    ['an empty name', 'channels=apps:created,', { field: 'channels[1]' }],
    ['invalid UTF-8', 'channels=%FF', { field: 'channels[0]' }],
  ])('%s gets one error, and the connection stays', async (_what, query, problem) => {
    const client = await open(query);
    const [, error] = await answers(client, 2);
    expect(error).toMatchObject({
      type: 'error',
      code: 'invalid_message',
      details: [expect.objectContaining(problem)],
    });
    expect(await client.ask({ type: 'list_channels' })).toMatchObject({ subscribed: [] });
    await client.close();
  });

  it('can be empty', async () => {
    const client = await open('channels=');
    await answers(client, 1);
    await client.expectNone('error');
    await client.close();
  });

  it('have the limits of a frame', async () => {
    const client = await open('channels=apps:created,apps:updated,apps:deleted,users:created');
    expect(await answers(client, 5)).toMatchObject([
      ...['connected', 'subscribed', 'subscribed', 'subscribed'].map((type) => ({ type })),
      { type: 'error', code: 'too_many_subscriptions', channel: 'users:created' },
    ]);
    await client.close();
  });

  it('are limited to public channels for a visitor', async () => {
    const client = await connect(`${app.url}?channels=announcements,apps:created`);
    expect(await answers(client, 3)).toMatchObject([
      { type: 'connected', user: null },
      { type: 'subscribed', channel: 'announcements' },
      { type: 'error', code: 'forbidden', channel: 'apps:created' },
    ]);
    await client.close();
  });
});

describe('channels in the URL of a connection that authenticates in band', () => {
  let app: RealtimeApp;
  beforeAll(async () => {
    app = await RealtimeApp.start({ anonymous: false, maxFrameBytes: 1_024, framesPerSecond: 2 });
  });
  afterAll(() => app.close());

  it('are subscribed to after its `auth`, and only once', async () => {
    const client = await connect(`${app.url}?channels=apps:created`);
    expect(await client.ask({ type: 'subscribe', channel: 'users:created' })).toMatchObject({ code: 'auth_required' });
    client.send({ type: 'auth', token: signToken() });
    expect(await client.next('connected')).toMatchObject({ user: { userId: 'u1' } });
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'apps:created' });
    await client.fence();
    expect(client.frames.filter(({ type }) => type === 'subscribed')).toHaveLength(1);
    await client.close();
  });

  it('that exceed the size of a frame get one error, and the connection stays', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `apps:with-a-long-name-${index}`).join(',');
    const client = await connect(`${app.url}?token=${signToken()}&channels=${many}`);
    await client.next('connected');
    expect(await client.next()).toEqual(
      errorOf('invalid_message', { details: [{ field: 'channels', message: expect.stringContaining('frame') }] }),
    );
    await client.fence();
    await client.close();
  });

  it('count as a frame for the rate limit', async () => {
    const client = await connect(`${app.url}?token=${signToken()}&channels=apps:created`);
    await client.next('subscribed');
    for (let count = 0; count < 4; count += 1) client.send({ type: 'ping' });
    expect(await client.next('error')).toMatchObject({ code: 'rate_limited' });
    expect(client.frames.filter(({ type }) => type === 'pong')).toHaveLength(3);
    await client.close();
  });
});
