import { signToken } from '../support/jwt.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped } from './support/shapes.js';

describe('limits', () => {
  let app: RealtimeApp;
  afterEach(() => app.close());

  it('an instance at its limit sends an error to a further connection, and closes it with 1013', async () => {
    app = await RealtimeApp.start({ maxConnections: 2 });
    const first = await app.connectAs();
    await app.connectAs({ sub: 'u2' });
    for (const token of [signToken({ sub: 'u3' }), undefined, 'rubbish']) {
      const refused = await app.connect(token === undefined ? {} : { token });
      expect(await refused.next()).toEqual(errorOf('too_many_connections'));
      expect(await refused.whenClosed()).toEqual({ code: 1013, reason: 'instance is full' });
      expect(refused.frames).toHaveLength(1);
    }
    const gone = app.gone('u1');
    await first.close();
    await gone;
    await app.connectAs({ sub: 'u3' });
  });

  it("a user's connection over the limit gets an error and 4429; other users and anonymous ones are not affected", async () => {
    app = await RealtimeApp.start({ maxConnectionsPerUser: 2 });
    const first = await app.connectAs();
    await app.connectAs();
    const refused = await app.connect({ token: signToken() });
    expect(await refused.next()).toEqual(errorOf('too_many_connections'));
    expect(await refused.whenClosed()).toEqual({ code: 4429, reason: 'too many connections' });
    expect(refused.frames).toHaveLength(1);

    await app.connectAs({ sub: 'u2' });
    for (let count = 0; count < 3; count += 1) await (await app.connect()).next('connected');
    const gone = app.endOf([...app.registry.ofUser('u1')][0]!);
    await first.close();
    await gone;
    await app.connectAs();
  });

  it('counts a user who authenticates in band too', async () => {
    app = await RealtimeApp.start({ maxConnectionsPerUser: 1 });
    const first = await app.connectAs();
    expect(await first.ask({ type: 'auth', token: signToken() })).toMatchObject({ type: 'authenticated' });
    const second = await app.connect();
    await second.next('connected');
    expect(await second.ask({ type: 'auth', token: signToken() })).toEqual(
      errorOf('too_many_connections', { ref: 'ask-1' }),
    );
    expect(await second.whenClosed()).toMatchObject({ code: 4429 });
  });

  it('a subscription over the limit is refused; the connection and its other subscriptions stay', async () => {
    app = await RealtimeApp.start({ maxSubscriptionsPerConnection: 3 });
    const client = await app.connectAs();
    const tooMany = (channel: string) => errorOf('too_many_subscriptions', { channel });
    client.send({ type: 'subscribe', channels: ['apps:created', 'apps:updated', 'apps:deleted', 'apps:status'] });
    for (let count = 0; count < 3; count += 1) await client.next('subscribed');
    expect(await client.next()).toEqual(tooMany('apps:status'));
    client.send({ type: 'subscribe', channel: 'apps:updated' });
    expect(await client.next()).toMatchObject({ type: 'subscribed' }); // subscribed already
    client.send({ type: 'unsubscribe', channel: 'apps:updated' });
    expect(await client.next()).toEqual(stamped({ type: 'unsubscribed', channel: 'apps:updated' }));
    client.send({ type: 'subscribe', channel: 'apps:status' });
    expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'apps:status' });
  });

  it('a request for many channels counts as one frame per ten channels', async () => {
    app = await RealtimeApp.start({ framesPerSecond: 1 });
    const channels = (count: number): string[] => Array.from({ length: count }, (_, index) => `apps:none-${index}`);
    const askFor = async (count: number) => {
      const client = await app.connectAs();
      client.send({ type: 'subscribe', channels: channels(count) });
      for (let answers = 0; answers < count; answers += 1) await client.next('error');
      client.send({ type: 'ping' });
      return client.next();
    };
    expect(await askFor(200)).toEqual(errorOf('rate_limited')); // for 18 s from now
    expect((await askFor(10)).type).toBe('pong');
  });

  it('a wildcard gets a reply for each channel, also for those over the limit', async () => {
    app = await RealtimeApp.start({ maxSubscriptionsPerConnection: 2 });
    const client = await app.connectAs();
    client.send({ type: 'subscribe', channel: 'apps:*' });
    await client.fence();
    expect(client.frames.slice(1, -1).map(({ type }) => type)).toEqual([
      ...['subscribed', 'subscribed'],
      ...['error', 'error', 'error'],
    ]);
    expect(await client.next('error')).toEqual(errorOf('too_many_subscriptions', { channel: 'apps:deleted' }));
  });
});
