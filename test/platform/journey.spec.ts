import { PlatformProcess } from '../support/platform-process.js';
import { connect } from '../support/ws-client.js';
import { ADMIN, Api, OTHER, USER } from './support/api.js';
import { listen, nextEvent, story } from './support/listener.js';

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

describe('the built platform', () => {
  let platform: PlatformProcess;
  let admin: Api;
  let user: Api;

  beforeAll(async () => {
    platform = await PlatformProcess.start({ env: { DEPLOY_STEP_MS: '20', SYSTEM_INTERVAL_MS: '100' } });
    [admin, user] = await Promise.all([Api.signIn(platform, ADMIN), Api.signIn(platform, USER)]);
  }, 60_000);

  afterAll(async () => {
    await platform?.stop();
  });

  it('tells over ws and over wss, in order, what becomes of an application', async () => {
    const listeners = await Promise.all([
      listen(platform.wsUrl, user.token!, GROUPS),
      listen(platform.wssUrl, user.token!, GROUPS),
    ]);
    const { status, body: app } = await user.post('/api/apps', { name: 'shop' });
    expect(status).toBe(201);
    const { status: accepted, body: deployment } = await user.post(`/api/apps/${String(app['id'])}/deploy`);
    expect(accepted).toBe(202);

    for (const listener of listeners) {
      const running = await listener.next(
        'event',
        ({ channel, data }) => channel === 'apps:status' && (data as { status: string }).status === 'running',
      );
      expect(running.data).toMatchObject({ id: app['id'], name: 'shop', deploymentId: deployment['id'] });
      expect(story(listener)).toEqual(DEPLOYED);
      await listener.close();
    }
    expect((await user.get(`/api/apps/${String(app['id'])}`)).body).toMatchObject({ name: 'shop', status: 'running' });
  });

  it('tells why a deployment failed, and alerts the administrators', async () => {
    const listener = await listen(platform.wsUrl, admin.token!, [...GROUPS, 'system:alerts']);
    const { body: app } = await user.post('/api/apps', { name: 'doomed' });
    await user.post(`/api/apps/${String(app['id'])}/deploy`, { fail: true });
    const alert = await nextEvent(listener, 'system:alerts');
    expect(alert).toMatchObject({ level: 'error', appId: app['id'], message: expect.stringContaining('doomed') });
    expect(story(listener)).toEqual([
      ...DEPLOYED.slice(0, 5),
      'deployments:failed failed',
      'apps:status failed',
      'system:alerts',
    ]);
    await listener.close();
  });

  it('shows system:* and private channels to nobody whom they do not concern', async () => {
    const other = await Api.signIn(platform, OTHER);
    const stranger = await listen(platform.wsUrl, other.token!, [...GROUPS, 'system:*', 'user:demo-user']);
    const owner = await listen(platform.wssUrl, user.token!, ['user:demo-user']);
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

  it('tells everyone of an announcement, without a token too', async () => {
    const anonymous = await connect(platform.wssUrl);
    anonymous.send({ type: 'subscribe', channel: 'announcements' });
    await anonymous.next('subscribed');
    expect((await user.post('/api/announcements', { message: 'hello' })).status).toBe(403);
    const { status } = await admin.post('/api/announcements', { message: 'hello' });
    expect(status).toBe(202);
    expect(await nextEvent(anonymous, 'announcements')).toEqual({ message: 'hello', level: 'info' });
    await anonymous.close();
  });

  it('publishes an event of 1 MiB to any user, and says so when a body is too large or no JSON', async () => {
    const owner = await listen(platform.wsUrl, user.token!, ['user:demo-user']);
    const data = 'x'.repeat(1_048_576 - 2);
    const published = await admin.post('/realtime/events', { channel: 'user:demo-user', data });
    expect(published.status).toBe(201);
    expect(await nextEvent<string>(owner, 'user:demo-user')).toHaveLength(data.length);
    expect((await admin.post('/realtime/events', { channel: 'user:nobody-yet', data: 1 })).status).toBe(201);

    expect(await admin.post('/realtime/events', { channel: 'announcements', data: data + data })).toEqual({
      status: 413,
      body: { statusCode: 413, error: 'Payload Too Large', message: 'The body must be at most 2097152 bytes' },
    });
    expect(await admin.post('/api/apps', '{"name":')).toEqual({
      status: 400,
      body: { statusCode: 400, error: 'Bad Request', message: 'The body must be JSON: an object or a list' },
    });
    await owner.close();
  });
});
