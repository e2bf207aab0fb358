import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { ChannelPolicy, type ChannelAnswer, type ChannelContext } from '../../channels/channel-policy.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { RedisBridge } from '../../delivery/redis-bridge.service.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { EventsPublisher } from '../../publishing/events-publisher.js';
import { RequestBudget } from '../../timing/request-budget.js';

let answer: (context: ChannelContext) => ChannelAnswer | Promise<ChannelAnswer>;

@ChannelPolicy('secret:{name}')
class SecretPolicy {
  canSubscribe(context: ChannelContext): ChannelAnswer | Promise<ChannelAnswer> {
    return answer(context);
  }
}

const ids = (...names: string[]): object[] => names.map((channel) => ({ type: 'subscribed', channel }));

describe('subscribe', () => {
  let gateway: OfflineGateway;
  let options: ResolvedRealtimeOptions;
  let bridge: RedisBridge;
  let client: OfflineClient;
  const attach = Reflect.get(RedisBridge.prototype, 'attach');

  beforeAll(async () => {
    const channels = ['room:a', 'room:b', 'room:c', 'pair:a', 'pair:b'].map((name) => ({
      name,
      access: 'public' as const,
      history: false as const,
    }));
    gateway = await OfflineGateway.start(
      {
        channels: [
          ...channels,
          { name: 'kept', access: 'public', history: { size: 10, ttlMs: 60_000 }, presence: true },
          ...['secret:a', 'secret:b'].map((name) => ({ name, history: false as const })),
        ],
      },
      [SecretPolicy],
    );
    options = gateway.app.get(ResolvedRealtimeOptions);
    bridge = gateway.app.get(RedisBridge);
  });
  beforeEach(() => {
    answer = () => true;
    client = gateway.connect();
    client.received();
  });
  afterEach(() => {
    options.maxSubscriptionsPerConnection = 100;
    bridge.attach = attach;
    gateway.gateway.handleDisconnect(client.connection);
  });
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  const subscribed = (): string[] => [...client.connection.subscriptions.keys()];
  const subscribe = (answers: number, ...channels: string[]): Promise<object[]> =>
    client.ask({ type: 'subscribe', channels }, answers);

  it('answers each channel in the order of the request', async () => {
    expect(await subscribe(3, 'room:b', 'nothing', 'room:a')).toEqual([
      { type: 'subscribed', channel: 'room:b' },
      expect.objectContaining({ type: 'error', code: 'unknown_channel', channel: 'nothing' }),
      { type: 'subscribed', channel: 'room:a' },
    ]);
    expect(subscribed()).toEqual(['room:b', 'room:a']);
  });

  it('says that a channel is subscribed already, with its position and without a replay', async () => {
    const [first] = await client.ask({ type: 'subscribe', channel: 'kept' });
    const { lastEventId } = first as { lastEventId: string };
    expect(lastEventId).toMatch(/-\d+$/);
    const again = { type: 'subscribed', channel: 'kept', lastEventId };
    expect(await client.ask({ type: 'subscribe', channel: 'kept' })).toEqual([again]);
    expect(await client.ask({ type: 'subscribe', channel: 'kept', lastEventId })).toEqual([
      { ...again, recovered: false, reason: 'already_subscribed' },
    ]);
    expect(await client.ask({ type: 'subscribe', channel: 'kept', last: 5 })).toEqual([
      { ...again, rewound: 0, reason: 'already_subscribed' },
    ]);
    await client.ask({ type: 'subscribe', channel: 'room:a' });
    expect(await client.ask({ type: 'subscribe', channel: 'room:a' })).toEqual(ids('room:a'));
  });

  it('delivers events after the answer', async () => {
    await subscribe(1, 'room:a');
    await gateway.app.get(EventsPublisher).emit('room:a' as never, 1 as never);
    expect(await client.next()).toMatchObject([{ type: 'event', channel: 'room:a', data: 1 }]);
  });

  it('replays the last events after the answer', async () => {
    await gateway.app.get(EventsPublisher).emit('kept' as never, 'x' as never);
    expect(await client.ask({ type: 'subscribe', channel: 'kept', last: 1 }, 2)).toMatchObject([
      { type: 'subscribed', rewound: 1 },
      { type: 'event', data: 'x' },
    ]);
    const [position] = await client.ask({ type: 'subscribe', channel: 'kept' });
    const { lastEventId } = position as { lastEventId: string };
    const other = gateway.connect();
    other.received();
    expect(await other.ask({ type: 'subscribe', channel: 'kept', lastEventId })).toMatchObject([
      { type: 'subscribed', recovered: true, lastEventId },
    ]);
  });

  it('sends who is present, if the channel has presence', async () => {
    const frames = await client.ask({ type: 'subscribe', channel: 'kept', presence: true }, 2);
    expect(frames).toMatchObject([{ type: 'subscribed' }, { type: 'presence', channel: 'kept', members: [] }]);
    expect(await client.ask({ type: 'subscribe', channel: 'room:a', presence: true })).toMatchObject([
      { code: 'presence_disabled', channel: 'room:a' },
    ]);
    expect(subscribed()).toEqual(['kept']);
  });

  it('starts to send who is present on a channel that is subscribed already', async () => {
    await client.ask({ type: 'subscribe', channel: 'kept' });
    const frames = await client.ask({ type: 'subscribe', channel: 'kept', presence: true }, 2);
    expect(frames).toMatchObject([{ type: 'subscribed' }, { type: 'presence', channel: 'kept' }]);
  });

  it('refuses more channels than a connection can have, but not one that it has', async () => {
    options.maxSubscriptionsPerConnection = 2;
    expect(await subscribe(3, 'room:a', 'room:b', 'room:c')).toEqual([
      ...ids('room:a', 'room:b'),
      expect.objectContaining({ code: 'too_many_subscriptions', channel: 'room:c' }),
    ]);
    expect(await subscribe(1, 'room:a')).toEqual(ids('room:a'));
  });

  it('answers each channel of a wildcard, also after a refusal', async () => {
    options.maxSubscriptionsPerConnection = 1;
    expect(await subscribe(3, 'room:*')).toMatchObject([
      { type: 'subscribed', channel: 'room:a' },
      { code: 'too_many_subscriptions', channel: 'room:b' },
      { code: 'too_many_subscriptions', channel: 'room:c' },
    ]);
  });

  it('answers the channels of a wildcard that a policy cannot decide about with an error', async () => {
    let calls = 0;
    answer = ({ channel }) => {
      if (channel === 'secret:a') return true;
      calls += 1;
      throw new Error('of the test');
    };
    expect(await subscribe(2, 'secret:*')).toMatchObject([
      { type: 'subscribed', channel: 'secret:a' },
      { code: 'unavailable', channel: 'secret:b' },
    ]);
    expect(calls).toBe(1);
  });

  it('charges the channels and the policy calls of a wildcard', async () => {
    const charge = jest.spyOn(gateway.app.get(RequestBudget), 'chargeUnconditionally');
    await subscribe(1, 'room:a');
    const single = charge.mock.calls.filter(([, cost]) => cost === 1_024).length;
    charge.mockClear();
    await subscribe(3, 'room:*');
    const channels = charge.mock.calls.map(([, cost]) => cost);
    charge.mockClear();
    await subscribe(2, 'secret:*');
    const policies = charge.mock.calls.map(([, cost]) => cost);
    charge.mockClear();
    await subscribe(2, 'pair:*');
    const pair = charge.mock.calls.map(([, cost]) => cost);
    charge.mockRestore();
    expect(single).toBe(1); // of the request
    expect(channels).toEqual(expect.arrayContaining([2 * 1_024]));
    expect(policies).toEqual(expect.arrayContaining([2 * 1_024, 1_024]));
    expect(pair.filter((cost) => cost === 1_024)).toHaveLength(2); // of the request, and of the second channel
  });

  it('asks the policy again if permissions change during the decision', async () => {
    let calls = 0;
    answer = () => {
      calls += 1;
      if (calls === 1) client.connection.authEpoch += 1;
      return calls === 1;
    };
    expect(await subscribe(1, 'secret:a')).toMatchObject([{ code: 'forbidden', channel: 'secret:a' }]);
    expect([calls, subscribed()]).toEqual([2, []]);
  });

  it.each([true, false])('asks it again if permissions change during the subscription: %s', async (allowed) => {
    bridge.attach = async (...given) => {
      const attachment = await attach.apply(bridge, given);
      client.connection.authEpoch += 1;
      answer = () => allowed;
      return attachment;
    };
    const [frame] = await subscribe(1, 'secret:a');
    expect(frame).toMatchObject(allowed ? { type: 'subscribed' } : { code: 'forbidden', channel: 'secret:a' });
    expect(subscribed()).toEqual(allowed ? ['secret:a'] : []);
    expect(gateway.app.get(ConnectionRegistry).subscribersOf('secret:a').size).toBe(allowed ? 1 : 0);
  });

  it('is forbidden if a re-authorization has ended the new subscription', async () => {
    bridge.attach = async (...given) => {
      const attachment = await attach.apply(bridge, given);
      for (const subscription of client.connection.subscriptions.values()) bridge.detach(subscription);
      return attachment;
    };
    expect(await subscribe(1, 'room:a')).toMatchObject([{ code: 'forbidden', channel: 'room:a' }]);
  });

  it('answers nothing if the connection ends during the subscription', async () => {
    bridge.attach = async (...given) => {
      const attachment = await attach.apply(bridge, given);
      gateway.gateway.handleDisconnect(client.connection);
      return attachment;
    };
    client.send({ type: 'subscribe', channels: ['room:a'] });
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(client.received()).toEqual([]);
  });

  it('stops in the middle of a request if the connection closes', async () => {
    bridge.attach = async (...given) => {
      client.connection.close();
      return attach.apply(bridge, given);
    };
    client.send({ type: 'subscribe', channels: ['room:a', 'room:b'] });
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(subscribed()).not.toContain('room:b');
  });
});

describe('subscribe with tenants', () => {
  it('is limited for all connections of a tenant together', async () => {
    const gateway = await OfflineGateway.start({
      tenants: { claim: 'tenant', maxSubscriptions: 1 },
      channels: [{ name: 'room:a', access: 'authenticated' }],
    });
    const connect = async (sub: string, tenant: string): Promise<OfflineClient> => {
      const client = await gateway.connectAs({ sub, tenant });
      client.received();
      return client;
    };
    const [one, two, other] = [await connect('u1', 't1'), await connect('u2', 't1'), await connect('u3', 't2')];
    const request = { type: 'subscribe', channel: 'room:a' };
    expect(await one.ask(request)).toMatchObject([{ type: 'subscribed' }]);
    expect(await two.ask(request)).toMatchObject([
      { code: 'too_many_subscriptions', channel: 'room:a', message: 'Too many subscriptions for this tenant' },
    ]);
    expect(await other.ask(request)).toMatchObject([{ type: 'subscribed' }]);
    await gateway.close();
    Logger.overrideLogger(true);
  });
});
