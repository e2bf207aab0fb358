import { jest } from '@jest/globals';
import { FakeRealtimeServer, type FakeServerOptions } from './index.js';

const user = { userId: 'ada', email: null, role: 'user' };

/** A socket of the fake server, without a client. */
class RawClient {
  readonly #frames: Record<string, unknown>[] = [];
  readonly closes: number[] = [];
  private readonly socket: WebSocket;

  constructor(server: FakeRealtimeServer, query = '') {
    this.socket = new (server.WebSocket as unknown as typeof WebSocket)(`ws://fake/ws${query}`, []);
    this.socket.onmessage = ({ data }) => {
      const { timestamp: _always, ...frame } = JSON.parse(data as string) as Record<string, unknown>;
      this.#frames.push(frame);
    };
    this.socket.onclose = ({ code }) => void this.closes.push(code);
  }

  /** Sends frames, and returns what arrived since the last call. */
  async send(...frames: object[]): Promise<Record<string, unknown>[]> {
    for (const frame of frames) this.socket.send(JSON.stringify(frame));
    await jest.advanceTimersByTimeAsync(0);
    return this.#frames.splice(0);
  }
}

describe('the protocol of a fake server', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const open = async (options: FakeServerOptions = {}, query = '') => {
    const server = new FakeRealtimeServer(options);
    const client = new RawClient(server, query);
    const [connected] = await client.send();
    return { server, client, connected };
  };
  const publishTo = (server: FakeRealtimeServer, channel: string, data: number, options?: { except?: string }) =>
    server.publish(channel as never, data as never, options);
  const publish = (server: FakeRealtimeServer, ...values: number[]): (string | undefined)[] =>
    values.map((value) => publishTo(server, 'c', value));

  it('greets a client with what it can do', async () => {
    expect((await open()).connected).toMatchObject({ type: 'connected', heartbeatMs: 30_000, user: null });
    const { connected } = await open({ commands: { any: () => 1 }, streams: ['logs:{id}'], heartbeatMs: 5 });
    expect(connected).toMatchObject({
      heartbeatMs: 5,
      features: expect.arrayContaining(['commands', 'state', 'streams']),
    });
    expect((await open()).connected?.['features']).not.toEqual(expect.arrayContaining(['commands']));
    expect((await open()).connected?.['features']).not.toEqual(expect.arrayContaining(['streams']));
  });

  it('accepts nothing but a token before the client has signed in', async () => {
    const { server, client } = await open({
      anonymous: false,
      identify: (token) => (token === 'ada' ? { user } : 'token_expired'),
    });
    expect(await client.send({ type: 'ping', ref: '1' })).toMatchObject([
      { type: 'error', code: 'auth_required', ref: '1' },
    ]);
    expect(await client.send({ type: 'auth', token: 'old' }, { type: 'auth', token: 'old' })).toMatchObject([
      { code: 'token_expired' },
      { code: 'token_expired' },
    ]);
    expect(client.closes).toEqual([]);
    expect(await client.send({ type: 'auth', token: 'ada', ref: '2' })).toMatchObject([
      { type: 'connected', user, ref: '2' },
    ]);
    expect(await client.send({ type: 'auth', token: 'old' })).toMatchObject([{ code: 'token_expired' }]);
    expect([client.closes, server.open]).toEqual([[4401], []]);
  });

  it('keeps the user of a connection, and re-authenticates it', async () => {
    const identify = (token: string) => ({ user: { ...user, userId: token } });
    const { client } = await open({ identify }, '?token=ada');
    expect(await client.send({ type: 'auth', token: 'bob' }, { type: 'auth', token: 'ada', ref: 'r' })).toMatchObject([
      { type: 'error', code: 'forbidden' },
      { type: 'authenticated', user, ref: 'r' },
    ]);
  });

  it('closes a connection whose token expires', async () => {
    const { client } = await open({ identify: () => ({ user, expiresInMs: 1_000 }) }, '?token=ada');
    await jest.advanceTimersByTimeAsync(1_000);
    expect([await client.send(), client.closes]).toMatchObject([[{ code: 'token_expired' }], [4401]]);
  });

  it('sends events to the subscribers of their channel, except the one that caused them', async () => {
    const { server, client, connected } = await open();
    const other = new RawClient(server);
    await other.send({ type: 'subscribe', channel: 'c' });
    expect(
      await client.send({ type: 'subscribe', channel: 'c', ref: '1' }, { type: 'subscribe', channel: 'c' }),
    ).toEqual([
      { type: 'subscribed', channel: 'c', lastEventId: expect.stringMatching(/-0$/), ref: '1' },
      { type: 'subscribed', channel: 'c', lastEventId: expect.stringMatching(/-0$/) },
    ]);
    publish(server, 1);
    publishTo(server, 'c', 2, { except: connected!['connectionId'] as string });
    publishTo(server, 'elsewhere', 3);
    expect(await client.send()).toMatchObject([{ type: 'event', channel: 'c', data: 1 }]);
    expect((await other.send()).filter(({ type }) => type === 'event')).toMatchObject([{ data: 1 }, { data: 2 }]);
    expect(await client.send({ type: 'unsubscribe', channel: 'c' }, { type: 'unsubscribe', channel: 'c' })).toEqual([
      { type: 'unsubscribed', channel: 'c' },
      expect.objectContaining({ type: 'error', code: 'not_subscribed', channel: 'c' }),
    ]);
  });

  it('replays what a client missed, without events that exclude it, or says why it cannot', async () => {
    const { server, connected } = await open({ historySize: 3 });
    const [first, , third] = publish(server, 1, 2, 3);
    publishTo(server, 'c', 4, { except: connected!['connectionId'] as string });
    const resume = async (lastEventId: string, about: object = {}) =>
      new RawClient(server)
        .send({ type: 'subscribe', channel: 'c', lastEventId, ...about })
        .then((frames) => frames.slice(1));
    const missed = await resume(first!);
    expect(missed).toMatchObject([
      { type: 'subscribed', recovered: true, lastEventId: first },
      ...[2, 3, 4].map((data) => ({ type: 'event', data })),
    ]);
    expect(await resume(third!, { connectionId: connected!['connectionId'] })).toMatchObject([{ recovered: true }]);
    expect(await resume(third!.replace(/3$/, '0'))).toMatchObject([{ recovered: false, reason: 'expired' }]);
    expect(await resume(third!.replace(/3$/, '5'))).toMatchObject([{ recovered: false, reason: 'rewound' }]);
    expect(await resume('nonsense')).toMatchObject([{ recovered: false, reason: 'unknown_epoch' }]);
    server.forget('c');
    expect(await resume(third!)).toMatchObject([{ recovered: false, reason: 'unknown_epoch' }]);
    const bare = await open({ historySize: 0 });
    expect(publishTo(bare.server, 'c', 1)).toBeUndefined();
    expect(await bare.client.send({ type: 'subscribe', channel: 'c', lastEventId: 'e-1' })).toEqual([
      { type: 'subscribed', channel: 'c', recovered: false, reason: 'no_history' },
    ]);
    publishTo(bare.server, 'c', 2);
    expect(await bare.client.send()).toEqual([{ type: 'event', channel: 'c', data: 2 }]);
  });

  it('begins with the last events for a client that asks for them', async () => {
    const { server, client } = await open({ historySize: 2 });
    const [first] = publish(server, 1, 2, 3);
    expect(await client.send({ type: 'subscribe', channel: 'c', last: 5 })).toMatchObject([
      { type: 'subscribed', rewound: 2, lastEventId: first },
      { data: 2 },
      { data: 3 },
    ]);
    expect(await client.send({ type: 'subscribe', channel: 'c', last: 1 })).toMatchObject([
      { type: 'subscribed', rewound: 0, reason: 'already_subscribed' },
    ]);
    expect(await client.send({ type: 'subscribe', channel: 'c', lastEventId: first! })).toMatchObject([
      { type: 'subscribed', recovered: false, reason: 'already_subscribed' },
    ]);
  });

  it('answers pages of a history', async () => {
    const { server, client } = await open({ historySize: 3 });
    const ids = publish(server, 1, 2, 3, 4);
    const page = async (about: object) => {
      const [answer] = await client.send({ type: 'history', channel: 'c', ...about });
      const { events, more, reason } = answer as { events: { data: number }[]; more: boolean; reason?: string };
      return [events.map(({ data }) => data), more, reason];
    };
    expect(await page({})).toEqual([[2, 3, 4], false, undefined]);
    expect(await page({ limit: 2 })).toEqual([[3, 4], true, undefined]);
    expect(await page({ limit: 2, before: ids[3] })).toEqual([[2, 3], false, undefined]);
    expect(await page({ before: ids[1] })).toEqual([[], false, undefined]);
    expect(await page({ before: 'e-1' })).toEqual([[], false, 'unknown_epoch']);
    expect(await page({ before: ids[3]!.replace(/4$/, '6') })).toEqual([[], false, 'unknown_epoch']);
    const bare = await open({ historySize: 0, refuse: (channel) => (channel === 'secret' ? 'forbidden' : null) });
    expect(
      await bare.client.send({ type: 'history', channel: 'c' }, { type: 'history', channel: 'secret' }),
    ).toMatchObject([
      { type: 'history', events: [], reason: 'no_history' },
      { type: 'error', code: 'forbidden', channel: 'secret' },
    ]);
  });

  it('subscribes to the channels of a wildcard, and to those that the server chooses', async () => {
    const channels = ['apps:created', 'apps:deleted', 'users:created'];
    const { server, client } = await open({ channels, autoSubscribe: () => ['news'] }, '?token=ada');
    expect(await client.send()).toEqual([]); // `news` came with the greeting
    expect((await client.send({ type: 'subscribe', channel: 'apps:*' })).map(({ channel }) => channel)).toEqual(
      channels.slice(0, 2),
    );
    expect(await client.send({ type: 'list_channels' })).toMatchObject([
      { type: 'channels', channels, subscribed: ['news', ...channels.slice(0, 2)] },
    ]);
    const userId = server.open[0]!.user!.userId;
    server.subscribe('another', 'private');
    server.subscribe(userId, 'private');
    server.unsubscribe('another', 'private');
    server.unsubscribe(userId, 'private');
    server.unsubscribe(userId, 'private');
    expect(await client.send()).toMatchObject([
      { type: 'subscribed', channel: 'private', server: true, lastEventId: expect.any(String) },
      { type: 'unsubscribed', channel: 'private', reason: 'by_server' },
    ]);
  });

  it('counts the subscribers of a channel for those that watch it', async () => {
    const { server, client } = await open({ refuse: (channel) => (channel === 'secret' ? 'forbidden' : null) });
    expect(
      await client.send(
        { type: 'occupancy', channel: 'secret' },
        { type: 'occupancy', channel: 'c', watch: true },
        { type: 'occupancy', channel: 'c' },
      ),
    ).toMatchObject([{ code: 'forbidden' }, { code: 'not_subscribed' }, { type: 'occupancy', counts: { c: 0 } }]);
    await client.send({ type: 'subscribe', channel: 'c' });
    expect(await client.send({ type: 'occupancy', channel: 'c', watch: true })).toMatchObject([{ counts: { c: 1 } }]);
    const other = new RawClient(server);
    await other.send({ type: 'subscribe', channel: 'c' });
    await other.send({ type: 'unsubscribe', channel: 'c' });
    expect(await client.send()).toEqual([2, 1].map((c) => ({ type: 'occupancy', counts: { c } })));
    await client.send({ type: 'unsubscribe', channel: 'c' });
    await other.send({ type: 'subscribe', channel: 'c' });
    expect(await client.send()).toEqual([]);
  });

  it('answers presence, statistics and commands that it does not have', async () => {
    const { client } = await open();
    expect(
      await client.send(
        { type: 'presence', channel: 'c' },
        { type: 'presence_update', channel: 'c', state: 1 },
        { type: 'stats' },
        { type: 'call', name: 'any', callId: '1' },
        { type: 'stream_cancel', channel: 'logs:1' },
      ),
    ).toMatchObject([
      { type: 'presence', members: [], count: 0 },
      { code: 'not_subscribed' },
      { code: 'forbidden' },
      { code: 'unknown_command' },
      { code: 'stream_disabled' },
    ]);
    await client.send({ type: 'subscribe', channel: 'c' });
    expect(await client.send({ type: 'presence_update', channel: 'c', state: 1 })).toEqual([
      { type: 'presence_updated', channel: 'c', intervalMs: 100 },
    ]);
  });

  it('sends the state of a live resource, its patches, and why it cannot be loaded', async () => {
    const { server, client } = await open();
    const subscribe = { type: 'subscribe', channel: 'board', state: true };
    expect(await client.send(subscribe)).toMatchObject([{ type: 'error', code: 'invalid_message' }]);
    server.states.set('board', { done: 0 });
    expect(await client.send(subscribe)).toEqual([
      { type: 'subscribed', channel: 'board', state: true },
      { type: 'state', channel: 'board', id: expect.stringMatching(/-0$/), data: { done: 0 } },
    ]);
    server.states.patch('board', { set: { '/done': 1 } });
    expect(await client.send()).toMatchObject([{ type: 'event', data: { set: { '/done': 1 } } }]);
    server.states.set('board', { done: 2 });
    expect(await client.send()).toMatchObject([{ type: 'event', data: { set: { '': { done: 2 } } } }]);
    server.states.fail('board');
    server.states.set('board', { done: 3 });
    expect(await client.send()).toMatchObject([
      { type: 'state_error', channel: 'board', code: 'unavailable' },
      { type: 'event' },
      { type: 'state', data: { done: 3 } },
    ]);
    expect(server.states.get('board')).toEqual({ done: 3 });
    server.states.fail('later', 'unavailable');
    server.states.set('later', 1);
    expect(server.states.get('later')).toBe(1);
    expect(() => server.states.patch('never', { remove: ['/a'] })).toThrow('has no state: call states.set first');
    expect(() => server.states.set('board', undefined as never)).toThrow('The state is not JSON');
  });

  it('sends a large state in parts that join to its JSON', async () => {
    const { server, client } = await open();
    const state = { text: 'x'.repeat(200_000) };
    server.states.set('board', state);
    const frames = (await client.send({ type: 'subscribe', channel: 'board', state: true })).slice(1);
    expect(frames.length).toBeGreaterThan(1);
    expect(frames.map(({ part, parts }) => [part, parts])).toEqual(
      frames.map((_, index) => [index + 1, frames.length]),
    );
    expect(JSON.parse(frames.map(({ text }) => text as string).join(''))).toEqual(state);
  });

  it('fails connections while it is down, and drops, closes and silences those it has', async () => {
    const { server, client } = await open();
    server.silence();
    publish(server, 1);
    expect(await client.send({ type: 'ping' })).toEqual([]);
    server.cut();
    const second = new RawClient(server);
    expect(await second.send({ type: 'ping', ref: 'p' })).toMatchObject([
      { type: 'connected' },
      { type: 'pong', ref: 'p' },
    ]);
    server.close(4_400);
    server.isDown = true;
    const third = new RawClient(server);
    await third.send();
    expect([client.closes, second.closes, third.closes, server.open]).toEqual([[1006], [4400], [1006], []]);
    expect(server.connections.map(({ isOver }) => isOver)).toEqual([true, true]);
  });
});
