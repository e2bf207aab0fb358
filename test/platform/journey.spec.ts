import { PlatformProcess } from '../support/platform-process.js';
import { connect } from '../support/ws-client.js';
import { ADMIN, Api, OTHER, USER } from './support/api.js';
import { expectEvents, listen, nextEvent } from './support/listener.js';

const GROUPS = ['announcements', 'apps:*', 'users:*', 'database:*', 'deployments:*', 'storage:*'];
const DEPLOYED = [
  'apps:created created',
  'deployments:started started',
  'apps:status deploying',
  'deployments:status building',
  'deployments:status deploying',
  'deployments:completed completed',
  'apps:deployed',
  'apps:status running',
];

const API_KEY = 'a key for this test alone';

describe('the built platform', () => {
  let platform: PlatformProcess;
  let admin: Api;
  let user: Api;

  beforeAll(async () => {
    platform = await PlatformProcess.start({
      env: {
        DEPLOY_STEP_MS: '20',
        SYSTEM_INTERVAL_MS: '100',
        REALTIME_PUBLISH_API_KEYS: `another key for this test,${API_KEY}`,
      },
    });
    [admin, user] = await Promise.all([Api.signIn(platform, ADMIN), Api.signIn(platform, USER)]);
  }, 60_000);

  afterAll(async () => {
    await platform?.stop();
  });

  it('reports the deployment of an application in order, over ws and wss', async () => {
    const listeners = await Promise.all([
      listen(platform.wsUrl, user.token!, GROUPS),
      listen(platform.wssUrl, user.token!, GROUPS),
    ]);
    const { status, body: app } = await user.post('/api/apps', { name: 'shop' });
    expect(status).toBe(201);
    const { status: accepted, body: deployment } = await user.post(`/api/apps/${String(app['id'])}/deploy`);
    expect(accepted).toBe(202);

    for (const listener of listeners) {
      const running = (await expectEvents(listener, DEPLOYED)).at(-1);
      expect(running?.data).toMatchObject({ id: app['id'], name: 'shop', deploymentId: deployment['id'] });
      await listener.close();
    }
    expect((await user.get(`/api/apps/${String(app['id'])}`)).body).toMatchObject({ name: 'shop', status: 'running' });
  });

  it('reports why a deployment failed, and alerts the admins', async () => {
    const listener = await listen(platform.wsUrl, admin.token!, [...GROUPS, 'system:alerts']);
    const { body: app } = await user.post('/api/apps', { name: 'doomed' });
    await user.post(`/api/apps/${String(app['id'])}/deploy`, { fail: true });
    const failed = ['deployments:failed failed', 'apps:status failed', 'system:alerts'];
    const alert = (await expectEvents(listener, [...DEPLOYED.slice(0, 5), ...failed])).at(-1)?.data;
    expect(alert).toMatchObject({ level: 'error', appId: app['id'], message: expect.stringContaining('doomed') });
    await listener.close();
  });

  it('hides system:* and private channels from other users', async () => {
    const other = await Api.signIn(platform, OTHER);
    const stranger = await listen(platform.wsUrl, other.token!, [...GROUPS, 'system:*', 'user:demo-user']);
    const owner = await listen(platform.wssUrl, user.token!, ['user:demo-user']);
    const welcome = stranger.frames.find((frame) => frame.type === 'connected');
    expect(welcome?.authorizedChannels.filter((channel) => /^(system|user):/.test(channel))).toEqual([
      'user:demo-other',
    ]);
    const refusals = stranger.frames.filter(({ type }) => type === 'error');
    expect(refusals.map((frame) => 'message' in frame && frame.message)).toEqual([
      'Not authorized to subscribe to this channel',
      'Not authorized to subscribe to this channel',
    ]);

    const watcher = await listen(platform.wsUrl, admin.token!, ['system:health', 'system:metrics', 'user:demo-user']);
    expect(await nextEvent(watcher, 'system:health')).toEqual({ status: 'ok', database: 'ok', realtime: 'ok' });
    expect(await nextEvent(watcher, 'system:metrics')).toMatchObject({ connections: expect.any(Number) as number });
    expect((await admin.post('/api/users/demo-user/notify', { message: 'for you' })).status).toBe(202);
    const expected = { kind: 'message', message: 'for you', from: 'demo-admin' };
    expect(await nextEvent(owner, 'user:demo-user')).toEqual(expected);
    expect(await nextEvent(watcher, 'user:demo-user')).toEqual(expected);
    await stranger.expectNone('event');
    await Promise.all([stranger, owner, watcher].map((client) => client.close()));
  });

  it('shows signed-in users who else is online', async () => {
    const first = await connect(platform.wsUrl, { token: user.token! });
    await first.next('connected');
    first.send({ type: 'subscribe', channel: 'users:online', presence: true });
    const { members } = await first.next('presence');
    expect(members).toContainEqual({ userId: 'demo-user', connections: 1 });
    // Clients of an earlier test may still be leaving.
    const newcomer = { email: 'nora@example.com', name: 'Nora New', password: 'a good password' };
    const { body: nora } = await admin.post('/api/users', newcomer);
    const { token } = await Api.signIn(platform, newcomer.email, newcomer.password);
    const second = await listen(platform.wssUrl, token!, ['users:online']);
    const { joined } = await first.next('presence_diff', (diff) => diff.joined.length > 0);
    expect(joined).toEqual([{ userId: nora['id'], connections: 1 }]);
    const anonymous = await connect(platform.wsUrl);
    anonymous.send({ type: 'subscribe', channel: 'users:online' });
    expect(await anonymous.next('error')).toMatchObject({ code: 'forbidden' });
    await Promise.all([first, second, anonymous].map((client) => client.close()));
  });

  it('sends an announcement to every client, also without a token', async () => {
    const anonymous = await connect(platform.wssUrl);
    anonymous.send({ type: 'subscribe', channel: 'announcements' });
    await anonymous.next('subscribed');
    expect((await user.post('/api/announcements', { message: 'hello' })).status).toBe(403);
    const { status } = await admin.post('/api/announcements', { message: 'hello' });
    expect(status).toBe(202);
    expect(await nextEvent(anonymous, 'announcements')).toEqual({
      message: 'hello',
      level: 'info',
      by: 'demo-admin',
    });
    await anonymous.close();
  });

  it('accepts events from services with an API key only, also large ones and batches', async () => {
    const publish = async (headers: Record<string, string>, body: unknown): Promise<number> => {
      const response = await fetch(`${platform.url}/realtime/events`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      await response.arrayBuffer();
      return response.status;
    };
    const owner = await listen(platform.wssUrl, user.token!, ['user:demo-user', 'announcements']);
    const large = { channel: 'user:demo-user', data: 'y'.repeat(1_048_576 - 2) };
    expect(await publish({ 'X-API-Key': API_KEY }, large)).toBe(201);
    expect(await nextEvent<string>(owner, 'user:demo-user')).toBe(large.data);
    const batch = ['one', 'two'].map((message) => ({ channel: 'announcements', data: { message } }));
    expect(await publish({ 'X-API-Key': API_KEY }, batch)).toBe(201);
    expect(await nextEvent(owner, 'announcements')).toEqual({ message: 'one' });
    expect(await nextEvent(owner, 'announcements')).toEqual({ message: 'two' });
    expect(await publish({ 'X-API-Key': `${API_KEY}!` }, batch)).toBe(401);
    expect(await publish({}, batch)).toBe(401);
    expect(await publish({ Authorization: `Bearer ${user.token}` }, batch)).toBe(403);
    await owner.expectNone('event');
    await owner.close();
  });

  it('accepts any number of events from an admin', async () => {
    const owner = await listen(platform.wsUrl, user.token!, ['user:demo-user']);
    const publish = (data: number) => admin.post('/realtime/events', { channel: 'user:demo-user', data });
    const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => publish(index)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const received = [];
    for (const _ of answers) received.push(await nextEvent<number>(owner, 'user:demo-user'));
    expect(new Set(received).size).toBe(300);
    await owner.close();
  });

  it('reports liveness and readiness, and prints no secret', async () => {
    const api = new Api(platform.url);
    expect(await api.get('/health/live')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(await api.get('/health/ready')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(platform.stdout + platform.stderr).not.toContain(API_KEY);
  });

  it('publishes an event of 1 MiB to any user, and reports a body that is too large or not JSON', async () => {
    const owner = await listen(platform.wsUrl, user.token!, ['user:demo-user']);
    const data = 'x'.repeat(1_048_576 - 2);
    const published = await admin.post('/realtime/events', { channel: 'user:demo-user', data });
    expect(published.status).toBe(201);
    expect(await nextEvent<string>(owner, 'user:demo-user')).toHaveLength(data.length);
    expect((await admin.post('/realtime/events', { channel: 'user:nobody-yet', data: 1 })).status).toBe(201);

    expect(await admin.post('/realtime/events', { channel: 'announcements', data: data + data })).toMatchObject({
      status: 400,
      body: { message: 'Nothing was published', details: [{ field: 'data' }] },
    });
    expect(await new Api(platform.url).post('/api/auth/login', { email: data, password: 'x' })).toEqual({
      status: 413,
      body: { statusCode: 413, error: 'Payload Too Large', message: 'The body must be at most 32768 bytes' },
    });
    expect(await new Api(platform.url).post('/api/storage/files', { name: 'a', content: data })).toMatchObject({
      status: 401,
    });
    const keys = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`k${index}`, 1]));
    expect(await admin.post('/api/storage/files', keys)).toMatchObject({
      status: 400,
      body: { message: 'The body has more than 500 keys' },
    });
    expect(await admin.post('/api/apps', '{"name":')).toEqual({
      status: 400,
      body: { statusCode: 400, error: 'Bad Request', message: 'The body must be JSON: an object or a list' },
    });
    await owner.close();
  });
});
