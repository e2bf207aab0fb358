import { Logger } from '@nestjs/common';
import { signToken, type TestClaims } from '../../../../test/support/jwt.js';
import { OfflineGateway, type OfflineClient } from '../../../../test/support/offline-gateway.js';
import { until } from '../../../../test/support/until.js';
import { ChannelPolicy, type ChannelAnswer, type ChannelContext } from '../../channels/channel-policy.js';
import { EventsPublisher } from '../../publishing/events-publisher.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { RealtimeControl } from './realtime-control.service.js';

type Answer = (context: ChannelContext) => ChannelAnswer | Promise<ChannelAnswer>;
const yes: Answer = () => true;
const no: Answer = () => false;
const fails: Answer = () => {
  throw new Error('the database is down');
};

let answer: Answer;
let asked: string[];

@ChannelPolicy('rooms:{name}')
class RoomPolicy {
  canSubscribe(context: ChannelContext): ChannelAnswer | Promise<ChannelAnswer> {
    asked.push(context.channel);
    return answer(context);
  }
}

const rooms = Array.from({ length: 20 }, (_, index) => `rooms:r${index}`);
const revoked = (channel: string): object => ({ type: 'unsubscribed', channel, reason: 'access_revoked' });

describe('re-authorization', () => {
  let gateway: OfflineGateway;
  let client: OfflineClient;
  let sub: string;
  let tests = 0;

  beforeAll(async () => {
    const names = [...rooms, 'plain'];
    const channels = names.map((name) => ({ name, history: { size: 10, ttlMs: 60_000 } }));
    gateway = await OfflineGateway.start(
      {
        policyTimeoutMs: 100,
        channels: channels.map((one) => (one.name === 'plain' ? { ...one, access: { roles: ['member'] } } : one)),
      },
      [RoomPolicy],
    );
  });
  beforeEach(async () => {
    tests += 1;
    [sub, answer, asked] = [`u${tests}`, yes, []];
    client = await connectAs({});
  });
  afterEach(() => gateway.gateway.handleDisconnect(client.connection));
  afterAll(async () => {
    await gateway.close();
    Logger.overrideLogger(true);
  });

  async function connectAs(claims: TestClaims): Promise<OfflineClient> {
    const one = await gateway.connectAs({ sub, role: 'member', ...claims });
    one.received();
    return one;
  }
  const subscribe = (...channels: string[]): Promise<object[]> =>
    client.ask({ type: 'subscribe', channels }, channels.length);
  const renew = (claims: TestClaims = {}): void =>
    client.send({ type: 'auth', token: signToken({ sub, role: 'member', ...claims }) });
  const emit = (channel: string, data: number): Promise<unknown> =>
    gateway.app.get(EventsPublisher).emit(channel as never, data as never);
  const advance = (ms: number): void => gateway.app.get(RealtimeClock).advance(ms);
  const order = (): Promise<unknown> => gateway.app.get(RealtimeControl).reauthorizeUser(sub);
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  };
  const isPaused = (channel = 'rooms:r0'): boolean | undefined =>
    client.connection.subscriptions.get(channel)?.isPaused;
  const types = (frames: readonly object[]): unknown[] => frames.map((frame) => (frame as { type: string }).type);

  it('by a command asks every policy again, and ends what is refused', async () => {
    await subscribe('rooms:r0', 'rooms:r1', 'plain');
    asked = [];
    answer = ({ channel }) => channel !== 'rooms:r1';
    await order();
    expect(client.received()).toEqual([revoked('rooms:r1')]);
    expect([asked.toSorted(), [...client.connection.subscriptions.keys()]]).toEqual([
      ['rooms:r0', 'rooms:r1'],
      ['rooms:r0', 'plain'],
    ]);
    expect(isPaused()).toBe(false);
  });

  it('by a new token ends what a rule does not allow any more', async () => {
    await subscribe('plain', 'rooms:r0');
    renew({ role: 'user' });
    expect(await client.next(2)).toMatchObject([{ type: 'authenticated' }, revoked('plain')]);
    expect([...client.connection.subscriptions.keys()]).toEqual(['rooms:r0']);
  });

  it('asks at most sixteen policies of a connection at once, and all of them', async () => {
    await subscribe(...rooms);
    let running = 0;
    let most = 0;
    answer = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      return true;
    };
    asked = [];
    await order();
    expect([asked.length, most <= 16, most > 5]).toEqual([rooms.length, true, true]);
  });

  it('by a command pauses a subscription until its policy decides, and then sends what it missed', async () => {
    await subscribe('rooms:r0');
    answer = fails;
    await order();
    expect([isPaused(), client.received()]).toEqual([true, []]);
    await emit('rooms:r0', 1);
    await turns();
    expect(client.received()).toEqual([]);
    advance(499 / 2);
    await turns();
    const before = asked.length;
    answer = yes;
    advance(500);
    await until(() => asked.length > before);
    expect(await client.next()).toMatchObject([{ type: 'event', data: 1 }]);
    await emit('rooms:r0', 2);
    expect(await client.next()).toMatchObject([{ type: 'event', data: 2 }]);
    expect(isPaused()).toBe(false);
    advance(120_000);
    await turns();
    expect(client.received()).toEqual([]);
  });

  it('by the same user with the same claims lets events flow while a policy fails, up to a minute', async () => {
    await subscribe('rooms:r0');
    answer = fails;
    renew();
    expect(types(await client.next())).toEqual(['authenticated']);
    await turns();
    expect(isPaused()).toBe(false);
    await emit('rooms:r0', 1);
    expect(await client.next()).toMatchObject([{ type: 'event', data: 1 }]);
    advance(59_000);
    await turns();
    expect(client.received()).toEqual([]);
    advance(1_500);
    expect(client.received()).toEqual([{ type: 'unsubscribed', channel: 'rooms:r0', reason: 'unavailable' }]);
    expect(client.connection.subscriptions.size).toBe(0);
  });

  it('pauses when the token of the last decision expires', async () => {
    const inSeconds = (seconds: number): number => Math.floor(gateway.app.get(RealtimeClock).wall() / 1_000) + seconds;
    client = await connectAs({ exp: inSeconds(30) });
    await subscribe('rooms:r0');
    answer = fails;
    renew({ exp: inSeconds(600) });
    await client.next();
    await turns();
    expect(isPaused()).toBe(false);
    advance(31_000);
    expect(isPaused()).toBe(true);
  });

  it('pauses at once if the new token says something else about the user', async () => {
    await subscribe('rooms:r0');
    answer = () => new Promise(() => undefined);
    renew({ role: ['member', 'ops'] });
    await client.next();
    expect(isPaused()).toBe(true);
  });

  it('ends a subscription that is refused after all', async () => {
    await subscribe('rooms:r0');
    answer = fails;
    await order();
    answer = no;
    advance(600);
    expect(await client.next()).toEqual([revoked('rooms:r0')]);
  });

  it('ignores a decision that a later request has overtaken', async () => {
    await subscribe('rooms:r0');
    let refuse = (): void => undefined;
    answer = () => new Promise((resolve) => (refuse = () => resolve(false)));
    const first = order();
    await until(() => asked.length > 1);
    answer = yes;
    await order();
    refuse();
    await first;
    expect([client.received(), isPaused()]).toEqual([[], false]);
  });

  it('forgets a subscription that its client has ended', async () => {
    await subscribe('rooms:r0');
    answer = fails;
    await order();
    await client.ask({ type: 'unsubscribe', channels: ['rooms:r0'] });
    const before = asked.length;
    advance(30_000);
    await turns();
    advance(60_000);
    await turns();
    expect([client.received(), asked.length]).toEqual([[], before]);
  });

  it('takes fields of a lost role away before a policy is asked', async () => {
    await subscribe('rooms:r0');
    const subscription = client.connection.subscriptions.get('rooms:r0');
    expect(subscription?.decidedFor).toBe(client.connection.principal);
    renew({ role: ['member', 'x'] });
    await client.next();
    await turns();
    expect(subscription?.decidedFor).toBe(client.connection.principal);
    expect(client.connection.authEpoch).toBe(1);
  });
});
