import { ChannelPolicy, type CanSubscribe } from '../../src/realtime/index.js';
import { SUBSCRIBE_COST } from '../../src/realtime/gateway/request-cost.js';
import { RequestBudget } from '../../src/realtime/timing/request-budget.js';
import type { Connection } from '../../src/realtime/index.js';
import type { WsClient } from '../support/ws-client.js';
import { RealtimeApp, type TestOptions } from './support/realtime-app.js';

const EVENTS = 100;
const EVENT_BYTES = 1_000;

@ChannelPolicy('vaults:{id}')
class RefusesAll implements CanSubscribe {
  canSubscribe(): boolean {
    return false;
  }
}

/** Returns the bytes of all frames that the server sent to this client. */
const received = ({ frames }: WsClient): number => frames.reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);

describe('the cost of requests', () => {
  let app: RealtimeApp;
  afterEach(() => app.close());

  /** Starts an application with a history of 100 KB. @returns the position before it */
  const startWithHistory = async (options: TestOptions): Promise<string> => {
    app = await RealtimeApp.start(options);
    const client = await app.connectAs({ sub: 'first' });
    client.send({ type: 'subscribe', channel: 'announcements' });
    const { lastEventId } = await client.next('subscribed');
    for (let index = 0; index < EVENTS; index += 1)
      await app.events.emit('announcements', { message: 'x'.repeat(EVENT_BYTES) });
    await client.close();
    return lastEventId!;
  };

  const resume = async (client: WsClient, lastEventId: string) => {
    client.send({ type: 'subscribe', channel: 'announcements', lastEventId });
    const { recovered, reason } = await client.next('subscribed');
    if (recovered === true) for (let index = 0; index < EVENTS; index += 1) await client.next('event');
    client.send({ type: 'unsubscribe', channel: 'announcements' });
    await client.next('unsubscribed');
    return reason ?? recovered;
  };

  it('a frame with two thousand channels gets one reply, for any channels', async () => {
    app = await RealtimeApp.start();
    const client = await app.connect();
    await client.next('connected');
    const before = received(client);
    for (const type of ['subscribe', 'unsubscribe']) {
      for (const name of ['a:1', 'apps:*', 'storage:uploaded']) {
        client.send({ type, channels: Array.from({ length: 2_000 }, () => name) });
        client.send({ type, channels: Array.from({ length: 2_000 }, (_, index) => `${name}${index}`) });
        for (const _ of [1, 2]) expect(await client.next('error')).toMatchObject({ code: 'invalid_message' });
      }
    }
    expect(received(client) - before).toBeLessThan(12 * 400);
  });

  it('a connection that replays in a loop gets replay_limit, and continues without a replay', async () => {
    const start = await startWithHistory({ requestBytesPerSecond: 4_096 });
    const client = await app.connectAs();
    expect(await resume(client, start)).toBe(true);
    for (let round = 0; round < 5; round += 1) expect(await resume(client, start)).toBe('replay_limit');
    client.send({ type: 'subscribe', channel: 'announcements', lastEventId: start });
    const { lastEventId } = await client.next('subscribed');
    await app.events.emit('announcements', { message: 'next' });
    const event = await client.next('event');
    expect(event).toMatchObject({ data: { message: 'next' } });
    expect(Number(event.id!.split('-')[1])).toBe(Number(lastEventId!.split('-')[1]) + 1);
  });

  it('a connection that rewinds in a loop gets replay_limit, and continues with live events', async () => {
    await startWithHistory({ requestBytesPerSecond: 4_096 });
    const client = await app.connectAs();
    const rewind = async () => {
      client.send({ type: 'subscribe', channel: 'announcements', last: EVENTS });
      const { rewound, reason } = await client.next('subscribed');
      for (let index = 0; index < rewound!; index += 1) await client.next('event');
      return [rewound, reason];
    };
    expect(await rewind()).toEqual([EVENTS, undefined]);
    client.send({ type: 'unsubscribe', channel: 'announcements' });
    expect(await rewind()).toEqual([0, 'replay_limit']);
    await app.events.emit('announcements', { message: 'next' });
    expect(await client.next('event')).toMatchObject({ data: { message: 'next' } });
  });

  it('a user does not get a new replay budget with a new connection', async () => {
    const start = await startWithHistory({ requestBytesPerSecondOfUser: 4_096 });
    expect(await resume(await app.connectAs({ sub: 'u' }), start)).toBe(true);
    expect(await resume(await app.connectAs({ sub: 'u' }), start)).toBe('replay_limit');
    expect(await resume(await app.connectAs({ sub: 'other' }), start)).toBe(true);
  });

  it('an address does not get a new replay budget with a new user, or without one', async () => {
    const start = await startWithHistory({ requestBytesPerSecondOfAddress: 4_096 });
    expect(await resume(await app.connectAs({ sub: 'u' }), start)).toBe(true);
    expect(await resume(await app.connectAs({ sub: 'other' }), start)).toBe('replay_limit');
    const anonymous = await app.connect();
    expect(await resume(anonymous, start)).toBe('replay_limit');
  });

  it('the policy calls of a wildcard are charged, with any answer', async () => {
    const channels = Array.from({ length: 200 }, (_, index) => ({ name: `vaults:${index}` }));
    app = await RealtimeApp.start({ requestBytesPerSecond: 4_096, channels }, { providers: [RefusesAll] });
    const client = await app.connectAs();
    const wildcard = { type: 'subscribe', channel: 'vaults:*' };
    expect(await client.ask(wildcard)).toMatchObject({ code: 'forbidden' });
    expect(await client.ask(wildcard)).toMatchObject({ code: 'rate_limited' });
  });

  describe('over the budget', () => {
    let client: WsClient;
    let connection: Connection;

    beforeEach(async () => {
      app = await RealtimeApp.start({
        channels: [
          { name: 'rooms:{id}', access: 'authenticated' },
          { name: 'lobby:{id}', access: 'authenticated', presence: true },
        ],
      });
      client = await app.connectAs({ sub: 'u' });
      [connection] = [...app.registry.ofUser('u')] as [Connection];
    });

    /** Overdraws the connection's budget, which recovers after this time. */
    const exhaust = (seconds: number): void =>
      app.app.get(RequestBudget).chargeUnconditionally(connection, (32 + seconds) * 262_144);

    it('every request that costs more than its own frame is refused, and a ping is not', async () => {
      exhaust(60);
      for (const type of ['stats', 'list_channels'])
        expect(await client.ask({ type })).toMatchObject({ type: 'error', code: 'rate_limited' });
      for (const type of ['subscribe', 'unsubscribe', 'presence'])
        expect(await client.ask({ type, channel: 'rooms:1' })).toMatchObject({ type: 'error', code: 'rate_limited' });
      expect(await client.ask({ type: 'auth', token: 'x' })).toMatchObject({ type: 'error', code: 'rate_limited' });
      expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    });

    it('a presence list is charged like every reply', async () => {
      const room = { type: 'subscribe', channel: 'lobby:1', presence: true };
      await client.ask(room);
      await client.next('presence');
      connection.unpaidBytes = 0;
      const before = received(client);
      client.send(room);
      await client.next('presence');
      expect(connection.unpaidBytes).toBe(received(client) - before - SUBSCRIBE_COST);
    });

    it('the debt of a closed connection is charged to its user', async () => {
      connection.unpaidBytes = 40 * 1_048_576; // a user's burst is 32 MiB
      const gone = app.gone('u');
      await client.close();
      await gone;
      const next = await app.connectAs({ sub: 'u' });
      expect(await next.ask({ type: 'stats' })).toMatchObject({ code: 'rate_limited' });
    });

    it('a large frame is refused before it is parsed', async () => {
      exhaust(60);
      client.send(`{${' '.repeat(10_000)}`); // not JSON
      expect(await client.next('error')).toMatchObject({ code: 'rate_limited' });
    });

    it('a request waits if the wait is short, and stays ahead of later ones', async () => {
      exhaust(0.2);
      client.send({ type: 'subscribe', channel: 'rooms:1' });
      client.send({ type: 'ping' });
      const { channel } = await client.next('subscribed');
      expect(channel).toBe('rooms:1');
      await client.next('pong');
      expect(client.frames.map(({ type }) => type).slice(-2)).toEqual(['subscribed', 'pong']);
    });
  });
});
