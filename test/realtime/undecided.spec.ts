import { ForbiddenException, Injectable, Module } from '@nestjs/common';
import {
  ChannelPolicy,
  RealtimeClock,
  RealtimeControl,
  RealtimeModule,
  RedisBridge,
  type CanSubscribe,
  type ChannelContext,
} from '../../src/realtime/index.js';
import { signToken, type TestClaims } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';

declare module '../../src/protocol/events.js' {
  interface RealtimeEvents {
    'rooms:news': { readonly n: number };
    'rooms:chat': { readonly n: number };
    'rooms:ticks': { readonly n: number };
  }
}

type Answer = (context: ChannelContext) => unknown;
const yes: Answer = () => true;
const down: Answer = () => {
  throw new Error('the database is down');
};

/** The application's database: the policy's answer for each channel. */
@Injectable()
class Database {
  answer: Answer = yes;
  asked = 0;
}

@ChannelPolicy('rooms:*')
class RoomPolicy implements CanSubscribe {
  constructor(private readonly database: Database) {}

  canSubscribe(context: ChannelContext): boolean {
    this.database.asked += 1;
    return this.database.answer(context) as boolean;
  }
}

@Module({
  imports: [
    RealtimeModule.forFeature([
      { name: 'rooms:news', presence: { state: true } },
      { name: 'rooms:chat' },
      { name: 'rooms:ticks', history: false },
    ]),
  ],
  providers: [Database, RoomPolicy],
  exports: [Database],
})
class RoomsModule {}

const POLICY_TIMEOUT_MS = 250;

describe.each(['memory', 'Redis'])('a policy that cannot decide, over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let database: Database;
  const clients: WsClient[] = [];

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = {
      ...{ policyTimeoutMs: POLICY_TIMEOUT_MS, recoveryMaxEvents: 5, operatorApi: true, presenceGraceMs: 0 },
      ...(redis !== null && { redis: { url: redis.url } }),
    };
    here = await RealtimeApp.start(options, { imports: [RoomsModule] });
    there = redis === null ? here : await RealtimeApp.start(options, { imports: [RoomsModule] });
    database = here.app.get(Database);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  beforeEach(() => {
    database.answer = yes;
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });

  async function as(sub: string, claims: TestClaims = {}): Promise<WsClient> {
    const client = await here.connectAs({ sub, ...claims });
    clients.push(client);
    return client;
  }
  const subscribe = (client: WsClient, channel: string, about: object = {}) =>
    client.ask({ type: 'subscribe', channel, ...about });
  const renew = (client: WsClient, sub: string, claims: TestClaims = {}) =>
    client.ask({ type: 'auth', token: signToken({ sub, ...claims }) });
  const emit = async (channel: 'rooms:news' | 'rooms:chat' | 'rooms:ticks', ...all: number[]): Promise<void> => {
    for (const n of all) await there.events.emit(channel, { n });
  };
  /** Numbers of the received events of a channel. */
  const numbers = (client: WsClient, channel: string): number[] =>
    client.frames.flatMap((frame) =>
      frame.type === 'event' && frame.channel === channel ? [(frame.data as { n: number }).n] : [],
    );
  const subscriptionOf = (sub: string, channel: string) =>
    [...here.registry.ofUser(sub)][0]?.subscriptions.get(channel);
  /** Waits until the failing policy was called and the subscription is in the resulting state. */
  const failed = async (client: WsClient): Promise<void> => {
    const { asked } = database;
    await until(() => database.asked > asked);
    await client.fence();
  };

  it.each<[string, Answer]>([
    ['throws an error', down],
    [
      'throws undefined',
      () => {
        throw undefined;
      },
    ],
    [
      'throws an object that is not a string',
      () => {
        throw Object.create(null);
      },
    ],
    [
      'throws an exception of Nest',
      () => {
        throw new ForbiddenException();
      },
    ],
    ['rejects', () => Promise.reject(new Error('no connection'))],
    ['does not answer', () => new Promise(() => undefined)],
    ['returns nothing', () => undefined],
    ['returns garbage', () => ({ allowed: 'yes' })],
    [
      'returns an object that throws',
      () => ({
        get allowed() {
          throw new Error('of the test');
        },
      }),
    ],
  ])('that %s is unavailable to subscribe and presence, and grants later', async (_how, answer) => {
    const ann = await as('ann');
    database.answer = answer;
    expect(await subscribe(ann, 'rooms:news')).toMatchObject({ code: 'unavailable', channel: 'rooms:news' });
    expect(await ann.ask({ type: 'presence', channel: 'rooms:news' })).toMatchObject({ code: 'unavailable' });
    database.answer = yes;
    expect(await subscribe(ann, 'rooms:news')).toMatchObject({ type: 'subscribed' });
  });

  it('does not reveal whether a name is registered', async () => {
    const ann = await as('ann');
    database.answer = down;
    expect(await subscribe(ann, 'rooms:none')).toMatchObject({ code: 'unavailable' });
  });

  it('gets one reply per channel of a wildcard', async () => {
    const ann = await as('ann');
    database.answer = ({ channel }) => (channel === 'rooms:chat' ? true : down({} as ChannelContext));
    ann.send({ type: 'subscribe', channel: 'rooms:*', ref: 'all' });
    await ann.fence();
    const answers = ann.frames.filter((frame) => 'ref' in frame && frame.ref === 'all');
    expect(answers).toHaveLength(3);
    expect(answers).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'subscribed', channel: 'rooms:chat' }),
        expect.objectContaining({ code: 'unavailable', channel: 'rooms:news' }),
        expect.objectContaining({ code: 'unavailable', channel: 'rooms:ticks' }),
      ]),
    );
    database.answer = down;
    expect(await subscribe(ann, 'rooms:*')).toMatchObject({ code: 'unavailable' });
  });

  it('gets 503 with the reason over REST', async () => {
    database.answer = down;
    const response = await fetch(`${here.http}/realtime/explain?channel=rooms:news&user=ann`, {
      headers: { authorization: `Bearer ${signToken({ sub: 'boss', role: 'admin' })}` },
    });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      allowed: false,
      policy: 'RoomPolicy',
      reason: 'the database is down',
    });
  });

  it('does not pause events on a renewal that changes nothing about the user, and is retried until it decides', async () => {
    const ann = await as('ann');
    await subscribe(ann, 'rooms:news');
    database.answer = down;
    expect(await renew(ann, 'ann')).toMatchObject({ type: 'authenticated' });
    await emit('rooms:news', 1, 2);
    expect(await ann.next('event', ({ data }) => (data as { n: number }).n === 2)).toBeDefined();
    database.answer = () => false;
    expect(await ann.next('unsubscribed')).toMatchObject({ channel: 'rooms:news', reason: 'access_revoked' });
  });

  it('pauses after a renewal with another role: nothing is delivered, then the gap is filled in order, once', async () => {
    const ann = await as('ann');
    await subscribe(ann, 'rooms:news');
    await emit('rooms:news', 1);
    await ann.next('event');
    database.answer = down;
    await renew(ann, 'ann', { role: 'ops' });
    await emit('rooms:news', 2, 3, 4);
    await failed(ann);
    expect(numbers(ann, 'rooms:news')).toEqual([1]);
    database.answer = ({ principal }) => principal?.user.role === 'ops';
    await ann.next('event', ({ data }) => (data as { n: number }).n === 4);
    await emit('rooms:news', 5);
    await ann.next('event', ({ data }) => (data as { n: number }).n === 5);
    expect(numbers(ann, 'rooms:news')).toEqual([1, 2, 3, 4, 5]);
    await ann.expectNone('resync');
  });

  it('pauses on a command of another instance, and a channel without history continues with resync if it missed something', async () => {
    const ann = await as('ann');
    for (const channel of ['rooms:news', 'rooms:ticks']) await subscribe(ann, channel);
    database.answer = down;
    await there.app.get(RealtimeControl).reauthorizeUser('ann');
    await emit('rooms:ticks', 1);
    await emit('rooms:news', 1);
    await ann.expectNone('event');
    database.answer = yes;
    expect(await ann.next('resync')).toMatchObject({ channel: 'rooms:ticks', reason: 'no_history' });
    await ann.next('event');
    await emit('rooms:ticks', 2);
    await ann.next('event');
    expect([numbers(ann, 'rooms:news'), numbers(ann, 'rooms:ticks')]).toEqual([[1], [2]]);
  });

  it('does not pause for long if a command is decided at once: nothing is lost, and there is no resync', async () => {
    const ann = await as('ann');
    for (const channel of ['rooms:news', 'rooms:ticks']) await subscribe(ann, channel);
    await there.app.get(RealtimeControl).reauthorizeUser('ann');
    await emit('rooms:ticks', 1);
    await emit('rooms:news', 1);
    await ann.next('event');
    await ann.next('event');
    await ann.expectNone('resync');
  });

  it('pauses every connection when all are re-authorized, and applies each policy result', async () => {
    const [ann, bob] = [await as('ann'), await as('bob')];
    for (const client of [ann, bob]) await subscribe(client, 'rooms:chat');
    database.answer = down;
    const control = here.app.get<{ catchUp(): Promise<void> }>(RealtimeControl);
    await control.catchUp();
    await emit('rooms:chat', 1);
    for (const client of [ann, bob]) await client.expectNone('event');
    database.answer = ({ principal }) => principal?.user.userId === 'ann';
    expect(await ann.next('event')).toMatchObject({ data: { n: 1 } });
    expect(await bob.next('unsubscribed')).toMatchObject({ reason: 'access_revoked' });
    await bob.expectNone('event');
  });

  it('sends resync if more events were missed than a replay allows', async () => {
    const ann = await as('ann');
    await subscribe(ann, 'rooms:news');
    database.answer = down;
    await renew(ann, 'ann', { role: 'ops' });
    await emit('rooms:news', 1, 2, 3, 4, 5, 6);
    database.answer = yes;
    expect(await ann.next('resync')).toMatchObject({ channel: 'rooms:news', reason: 'too_many' });
    await emit('rooms:news', 7);
    await ann.next('event');
    expect(numbers(ann, 'rooms:news')).toEqual([7]);
  });

  it('applies the second of two overlapping renewals', async () => {
    const ann = await as('ann');
    await subscribe(ann, 'rooms:news');
    database.answer = ({ principal }) => (principal?.user.role === 'ops' ? down({} as ChannelContext) : true);
    ann.send({ type: 'auth', token: signToken({ sub: 'ann', role: 'ops' }) });
    ann.send({ type: 'auth', token: signToken({ sub: 'ann' }) });
    await ann.next('authenticated');
    await ann.next('authenticated');
    await emit('rooms:news', 1);
    await ann.next('event');
    expect(subscriptionOf('ann', 'rooms:news')).toMatchObject({ feed: null });
  });

  it('keeps a paused member present, takes no state of it, and sends it the members when it continues', async () => {
    const [ann, bob] = [await as('ann'), await as('bob')];
    for (const client of [ann, bob]) await subscribe(client, 'rooms:news', { presence: true });
    const isOf = (count: number) => (frame: { count: number }) => frame.count === count;
    await ann.next('presence');
    while (((await bob.ask({ type: 'presence', channel: 'rooms:news' })) as { count?: number }).count !== 2);
    database.answer = ({ principal }) => (principal?.user.userId === 'ann' ? down({} as ChannelContext) : true);
    await here.app.get(RealtimeControl).reauthorizeUser('ann');
    const sentBefore = ann.frames.filter(({ type }) => type.startsWith('presence')).length;
    const cat = await as('cat');
    await subscribe(cat, 'rooms:news', { presence: true });
    expect(await cat.next('presence', isOf(3))).toMatchObject({ count: 3 });
    await bob.next('presence_diff', ({ joined }) => joined.some(({ userId }) => userId === 'cat'));
    const show = (client: WsClient) => client.ask({ type: 'presence_update', channel: 'rooms:news', state: 1 });
    expect(await show(ann)).toMatchObject({ code: 'unavailable', channel: 'rooms:news' });
    expect(ann.frames.filter(({ type }) => type.startsWith('presence'))).toHaveLength(sentBefore);
    database.answer = yes;
    expect(await ann.next('presence', isOf(3))).toBeDefined();
    expect(await show(ann)).toMatchObject({ type: 'presence_updated' });
  });

  it('leaks nothing if a connection closes while paused', async () => {
    const ann = await as('ann');
    await subscribe(ann, 'rooms:chat');
    database.answer = down;
    await renew(ann, 'ann', { role: 'ops' });
    const [connection] = here.registry.ofUser('ann');
    const gone = here.endOf(connection!);
    ann.terminate();
    await gone;
    expect([...here.registry.topics()]).not.toContain('rooms:chat');
    database.answer = yes;
    await emit('rooms:chat', 1);
    const again = await as('ann');
    expect(await subscribe(again, 'rooms:chat')).toMatchObject({ type: 'subscribed' });
  });

  it('allows unsubscribing while paused', async () => {
    const ann = await as('ann');
    await subscribe(ann, 'rooms:news');
    database.answer = down;
    await renew(ann, 'ann', { role: 'ops' });
    expect(await ann.ask({ type: 'unsubscribe', channel: 'rooms:news' })).toMatchObject({ type: 'unsubscribed' });
  });

  it('ends after the timeout with reason unavailable, and the client resumes from its position', async () => {
    const ann = await as('ann');
    const subscribed = await subscribe(ann, 'rooms:news');
    const { lastEventId } = subscribed as { lastEventId: string };
    database.answer = down;
    await renew(ann, 'ann', { role: 'ops' });
    await emit('rooms:news', 1);
    here.app.get(RealtimeClock).advance(60_000);
    expect(await ann.next('unsubscribed')).toMatchObject({ channel: 'rooms:news', reason: 'unavailable' });
    await ann.expectNone('event');
    database.answer = yes;
    expect(await subscribe(ann, 'rooms:news', { lastEventId })).toMatchObject({ recovered: true });
    expect(await ann.next('event')).toMatchObject({ data: { n: 1 } });
  });

  it('is not called twice for the same user and channel at the same time', async () => {
    const [one, two] = [await as('ann'), await as('ann')];
    let decide = (_allowed: boolean): void => undefined;
    const { asked } = database;
    database.answer = () => new Promise((resolve) => (decide = resolve));
    const answers = [subscribe(one, 'rooms:chat'), subscribe(two, 'rooms:chat')];
    await until(() => database.asked > asked);
    await Promise.all(
      [one, two].map(
        (client) =>
          new Promise<void>((resolve) => {
            client.socket.once('pong', () => resolve());
            client.socket.ping();
          }),
      ),
    );
    decide(true);
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ type: 'subscribed' });
    expect(database.asked).toBe(asked + 1);
  });

  it('is called no more often than the renewal limit allows', async () => {
    const ann = await as('ann');
    await subscribe(ann, 'rooms:chat');
    const { asked } = database;
    const answers = await Promise.all(Array.from({ length: 60 }, () => renew(ann, 'ann')));
    expect(answers.filter(({ type }) => type === 'authenticated')).toHaveLength(10);
    expect(answers.find(({ type }) => type === 'error')).toMatchObject({
      code: 'rate_limited',
      message: 'Too many renewals of the token: try again in 5 s',
    });
    expect(database.asked - asked).toBeLessThanOrEqual(10);
    await ann.fence();
  });
});
