import { RealtimeApp } from './support/realtime-app.js';
import { stamped } from './support/shapes.js';

describe('stats', () => {
  let app: RealtimeApp;

  beforeEach(async () => {
    app = await RealtimeApp.start();
  });
  afterEach(() => app.close());

  it('counts connections, users, subscriptions and events correctly', async () => {
    const [boss, user, again, anonymous] = await Promise.all([
      app.connectAdmin(),
      app.connectAs(),
      app.connectAs(),
      app.connect(),
    ]);
    await anonymous.next('connected');
    await user.ask({ type: 'subscribe', channel: 'apps:created' });
    await again.ask({ type: 'subscribe', channel: 'apps:created' });
    await again.ask({ type: 'subscribe', channel: 'apps:updated' });
    await app.events.emit('apps:created', { id: '1', name: 'one' });
    await app.events.emit('storage:deleted', { id: '2', name: 'n' });
    const instance = {
      connections: 4,
      anonymous: 1,
      users: 2,
      channels: 2,
      subscriptions: 3,
      published: 2,
      delivered: 2,
      slowConsumersClosed: 0,
      uptimeMs: expect.any(Number),
    };
    expect(await boss.ask({ type: 'stats' })).toEqual(
      stamped({
        type: 'stats',
        ref: 'ask-1',
        stats: {
          instance,
          cluster: { ...instance, instances: 1 },
          channels: [
            { channel: 'apps:created', subscribers: 2 },
            { channel: 'apps:updated', subscribers: 1 },
          ],
        },
      }),
    );

    const isGone = app.endOf([...app.registry.ofUser('u1')][0]!);
    await user.close();
    await isGone;
    await again.ask({ type: 'unsubscribe', channel: 'apps:updated' });
    expect(await boss.ask({ type: 'stats' })).toMatchObject({
      stats: {
        instance: { connections: 3, users: 2, channels: 1, subscriptions: 1 },
        channels: [{ channel: 'apps:created', subscribers: 1 }],
      },
    });
  });

  it('lists the 100 channels with the most subscribers, in descending order', async () => {
    const boss = await app.connectAdmin();
    const channels = Array.from({ length: 101 }, (_, index) => `user:u${String(index).padStart(3, '0')}`);
    boss.send({ type: 'subscribe', channels });
    const user = await app.connectAs({ sub: 'u100' });
    await user.ask({ type: 'subscribe', channel: 'user:u100' });
    const answer = await boss.ask({ type: 'stats' });
    const named = answer.type === 'stats' ? answer.stats.channels : [];
    expect(named).toHaveLength(100);
    expect(named[0]).toEqual({ channel: 'user:u100', subscribers: 2 });
    expect(named[1]).toEqual({ channel: 'user:u000', subscribers: 1 });
  });
});
