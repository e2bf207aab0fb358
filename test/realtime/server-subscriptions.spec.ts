import { Expose } from 'class-transformer';
import { IsString } from 'class-validator';
import {
  ChannelPolicy,
  RealtimeClock,
  RealtimeControl,
  RedisBridge,
  SubscriptionsFullError,
  SubscriptionStore,
  type CanSubscribe,
  type ChannelAnswer,
  type ChannelContext,
} from '../../src/realtime/index.js';
import type { ServerFrame } from '../../src/protocol/index.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisProcess } from '../support/redis-process.js';
import { signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { RealtimeApp } from './support/realtime-app.js';

class Note {
  @IsString()
  text!: string;

  @Expose({ groups: ['editor'] })
  @IsString()
  draft!: string;
}

/** Decisions of the policy by room; a room that is not listed is allowed. */
const decisions = new Map<string, (context: ChannelContext) => ChannelAnswer>();

@ChannelPolicy('rooms:{room}')
class Rooms implements CanSubscribe {
  canSubscribe(context: ChannelContext): ChannelAnswer {
    const { params, principal } = context;
    const decide = decisions.get(params['room']!);
    if (decide !== undefined) return decide(context);
    return { allowed: true, groups: principal?.roles.includes('editor') === true ? ['editor'] : [] };
  }
}

const CHANNELS = [
  { name: 'user:{userId}', autoSubscribe: true },
  { name: 'inbox:{owner}', access: { owner: 'owner' }, autoSubscribe: true },
  { name: 'announcements', autoSubscribe: true },
  { name: 'staff:news', access: { roles: ['staff'] }, autoSubscribe: true },
  { name: 'rooms:{room}', data: Note },
  { name: 'open:{id}', access: 'authenticated' },
] as const;

const HOUR_MS = 3_600_000;
/** A token that is still valid after the clock was advanced by days. */
const LASTING = { exp: 99_999_999_999 };

describe.each(['memory', 'Redis'])('subscriptions by the server over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  /** The instance of the clients: another one than that which commands, if there are two. */
  let there: RealtimeApp;
  let control: RealtimeControl;
  let user: string;
  let users = 0;
  const clients: WsClient[] = [];

  const start = (): Promise<RealtimeApp> =>
    RealtimeApp.start(
      { channels: [...CHANNELS], policyTimeoutMs: 200, ...(redis !== null && { redis: { url: redis.url } }) },
      { providers: [Rooms] },
    );
  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start({ appendonly: 'yes', appendfsync: 'always' });
    here = await start();
    there = redis === null ? here : await start();
    control = here.app.get(RealtimeControl);
    await isUp();
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });
  beforeEach(() => {
    users += 1;
    user = `user-${users}`;
  });
  afterEach(async () => {
    decisions.clear();
    for (const client of clients.splice(0)) await client.close();
  });

  const isUp = () => until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  const open = async (claims: object = {}, app = there, query = ''): Promise<WsClient> => {
    const client = await connect(`${app.url}?token=${signToken({ sub: user, ...claims })}${query}`);
    clients.push(client);
    return client;
  };
  /** Connects, and takes the frames of the start. */
  const ready = async (claims: object = {}, app = there): Promise<WsClient> => {
    const client = await open(claims, app);
    await client.next('connected');
    for (const channel of [`user:${user}`, `inbox:${user}`, 'announcements']) {
      expect(await client.next()).toMatchObject({ type: 'subscribed', channel, server: true });
    }
    return client;
  };
  /** The stored channels of the user. */
  const stored = async () => [...(await here.app.get(SubscriptionStore).all(user, HOUR_MS)).keys()];
  const isForgotten = async (): Promise<void> => {
    while ((await stored()).length > 0) await sleep(2);
  };
  const idOf = ({ frames }: WsClient) => (frames[0] as Extract<ServerFrame, { type: 'connected' }>).connectionId;
  const publish = (channel: string, data: object = { text: 'hello', draft: 'hidden' }) =>
    here.events.publish(channel, data);

  describe('with autoSubscribe', () => {
    it('begin after connected, before those of the URL, for the channels that the user can use', async () => {
      const client = await open({ role: 'staff' }, there, '&channels=apps:created');
      await client.next('connected');
      const channels = [`user:${user}`, `inbox:${user}`, 'announcements', 'staff:news', 'apps:created'];
      for (const channel of channels) expect(await client.next()).toMatchObject({ type: 'subscribed', channel });
      const other = await ready();
      await other.fence();
      expect(JSON.stringify(other.frames)).not.toContain('staff:news');
      const { id } = await publish(`inbox:${user}`);
      for (const one of [client, other])
        expect(await one.next('event')).toMatchObject({ id, channel: `inbox:${user}` });
    });

    it('include only public channels with a plain name for a visitor', async () => {
      const visitor = await there.connect();
      await visitor.next('connected');
      expect(await visitor.next()).toMatchObject({ type: 'subscribed', channel: 'announcements', server: true });
      await visitor.fence();
      expect(visitor.frames.filter(({ type }) => type === 'subscribed')).toHaveLength(1);
      // It signs in on this connection: the channels of the user begin.
      visitor.send({ type: 'auth', token: signToken({ sub: user }) });
      expect(await visitor.next('authenticated')).toBeDefined();
      expect(await visitor.next('subscribed')).toMatchObject({ channel: `user:${user}`, server: true });
      await visitor.close();
    });

    it('lose and double nothing if the client resumes: the events after its id follow its answer', async () => {
      const channel = `inbox:${user}`;
      const first = await ready();
      const { id: seen } = await publish(channel);
      await first.next('event');
      await first.close();
      const missed = [await publish(channel), await publish(channel)].map(({ id }) => id);
      const client = await ready();
      const answer = await client.ask({ type: 'subscribe', channel, lastEventId: seen });
      expect(answer).toMatchObject({ recovered: true, lastEventId: seen });
      expect(answer).not.toHaveProperty('server');
      const { id: live } = await publish(channel);
      for (const id of [...missed, live]) expect(await client.next('event')).toMatchObject({ id });
      await client.expectNone('event');
      // From here on it is a subscription of the client, which cannot resume twice.
      expect(await client.ask({ type: 'subscribe', channel, lastEventId: seen })).toMatchObject({
        recovered: false,
        reason: 'already_subscribed',
      });
    });

    it('can be rewound by the client, and ended', async () => {
      const channel = `inbox:${user}`;
      const { id } = await publish(channel);
      const client = await ready();
      expect(await client.ask({ type: 'subscribe', channel, last: 1 })).toMatchObject({ rewound: 1 });
      expect(await client.next('event')).toMatchObject({ id });
      expect(await client.ask({ type: 'unsubscribe', channel })).toMatchObject({ type: 'unsubscribed', channel });
      await publish(channel);
      await client.expectNone('event');
    });
  });

  describe('with RealtimeControl.subscribe', () => {
    it('reach all connections of the user on all instances, and no others', async () => {
      const own = [await ready({}, here), await ready({ role: 'editor' })];
      const other = await open({ sub: `${user}x` });
      await other.next('connected');
      const result = await control.subscribe(user, 'rooms:1');
      expect(result).toMatchObject({ connections: 2, refusals: [], missing: [], stored: true });
      for (const client of own) {
        expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'rooms:1', server: true });
      }
      const { id } = await publish('rooms:1');
      const [plain, editor] = await Promise.all(own.map((client) => client.next('event')));
      expect([plain, editor]).toMatchObject([{ id }, { id }]);
      // The fields are those that the policy grants to each.
      expect([plain?.data, editor?.data]).toEqual([{ text: 'hello' }, { text: 'hello', draft: 'hidden' }]);
      await other.expectNone('event');
    });

    it('reach a connection that opens later, on any instance, until unsubscribe', async () => {
      expect(await control.subscribe(user, 'rooms:2')).toMatchObject({ connections: 0, stored: true });
      const later = [await ready({}, here), await ready({}, there)];
      for (const client of later) {
        expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'rooms:2', server: true });
      }
      expect(await control.unsubscribe(user, 'rooms:2')).toMatchObject({ connections: 2, missing: [] });
      for (const client of later) {
        expect(await client.next()).toMatchObject({ type: 'unsubscribed', channel: 'rooms:2', reason: 'by_server' });
      }
      await publish('rooms:2');
      for (const client of later) await client.expectNone('event');
      expect(await stored()).toEqual([]);
    });

    it('list the connections that are refused, with their codes, and are kept for the others', async () => {
      decisions.set('3', ({ principal }) => !principal!.roles.includes('guest'));
      const [limited, allowed] = [await ready({ role: 'guest' }), await ready({ role: 'editor' })];
      expect(await control.subscribe(user, 'rooms:3')).toMatchObject({
        connections: 1,
        refusals: [{ connectionId: idOf(limited), code: 'forbidden' }],
        stored: true,
      });
      expect(await allowed.next('subscribed')).toMatchObject({ channel: 'rooms:3' });
      // A later connection with a weaker token does not end it for the others.
      const later = await ready({ role: 'guest' });
      await publish('rooms:3');
      expect(await allowed.next('event')).toBeDefined();
      for (const client of [limited, later]) await client.expectNone('event');
      expect(await stored()).toEqual(['rooms:3']);
    });

    it('are not kept if every connection is refused, nor after a refusal of a later connection', async () => {
      const client = await ready();
      decisions.set('4', () => false);
      expect(await control.subscribe(user, 'rooms:4')).toMatchObject({ connections: 0, stored: false });
      expect(await stored()).toEqual([]);
      await client.close();
      await until(() => there.registry.ofUser(user).size === 0);
      expect(await control.subscribe(user, 'rooms:4')).toMatchObject({ connections: 0, refusals: [], stored: true });
      const refused = await ready();
      await isForgotten();
      expect(JSON.stringify(refused.frames)).not.toContain('rooms:4');
    });

    it('end for good when a re-authorization refuses them', async () => {
      const client = await ready();
      await control.subscribe(user, 'rooms:5');
      await client.next('subscribed');
      decisions.set('5', () => false);
      await control.reauthorizeUser(user);
      expect(await client.next('unsubscribed')).toMatchObject({ channel: 'rooms:5', reason: 'access_revoked' });
      await isForgotten();
    });

    it('begin once the policy can decide', async () => {
      const client = await ready();
      decisions.set('6', () => {
        throw new Error('the policy fails');
      });
      expect(await control.subscribe(user, 'rooms:6')).toMatchObject({
        connections: 0,
        refusals: [{ connectionId: idOf(client), code: 'unavailable' }],
        stored: true,
      });
      decisions.clear();
      expect(await client.next('subscribed')).toMatchObject({ channel: 'rooms:6', server: true });
    });

    it('notify a client that has the channel already, and end it for both', async () => {
      const client = await ready();
      await client.ask({ type: 'subscribe', channel: 'rooms:7' });
      expect(await control.subscribe(user, 'rooms:7')).toMatchObject({ connections: 1 });
      expect(await client.next()).toMatchObject({ type: 'subscribed', channel: 'rooms:7', server: true });
      const { id } = await publish('rooms:7');
      expect(await client.next('event')).toMatchObject({ id });
      await control.unsubscribe(user, 'rooms:7');
      expect(await client.next()).toMatchObject({ type: 'unsubscribed', reason: 'by_server' });
      await client.expectNone('event');
    });

    it('are kept for 24 hours after the last connection, and for as long as there is one', async () => {
      await control.subscribe(user, 'rooms:8');
      const client = await ready(LASTING);
      expect(await client.next('subscribed')).toMatchObject({ channel: 'rooms:8' });
      if (engine === 'Redis') return; // the clock of Redis cannot be advanced
      const clock = here.app.get(RealtimeClock);
      for (let hour = 0; hour < 30; hour += 1) {
        clock.advance(HOUR_MS);
        await client.fence(); // a sign of life
      }
      await client.close();
      await until(() => here.registry.ofUser(user).size === 0);
      clock.advance(24 * HOUR_MS);
      const day = await ready(LASTING);
      expect(await day.next('subscribed')).toMatchObject({ channel: 'rooms:8' });
      await day.close();
      await until(() => here.registry.ofUser(user).size === 0);
      clock.advance(25 * HOUR_MS + 1);
      expect(await stored()).toEqual([]);
    });

    it('are limited to 100 of a user', async () => {
      for (let index = 0; index < 100; index += 1) await control.subscribe(user, `open:${index}`);
      await expect(control.subscribe(user, 'open:100')).rejects.toThrow(SubscriptionsFullError);
      expect(await control.subscribe(user, 'open:5')).toMatchObject({ stored: true });
    });

    it.each(['rooms:*', 'nothing:here', '', 5])('refuse %j, which is not a channel', async (channel) => {
      await expect(control.subscribe(user, channel as string)).rejects.toThrow(RangeError);
    });
  });

  it('cost a connection no read of the store while no user has one', async () => {
    if (engine === 'Redis') return; // the store of the other tests is used
    const fresh = await RealtimeApp.start({ channels: [...CHANNELS] }, { providers: [Rooms] });
    const store = fresh.app.get(SubscriptionStore);
    let reads = 0;
    const all = store.all.bind(store);
    store.all = (...asked) => {
      reads += 1;
      return all(...asked);
    };
    const client = await ready({}, fresh);
    expect(reads).toBe(0);
    await fresh.app.get(RealtimeControl).subscribe(user, 'rooms:9');
    await client.close();
    await ready({}, fresh);
    expect(reads).toBe(1);
    await fresh.close();
  });
});
