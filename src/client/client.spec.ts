import { jest } from '@jest/globals';
import { FakeRealtimeServer, type FakeIdentity, type FakeServerOptions } from '../testing/index.js';
import { CLOSE_CODES } from '../protocol/index.js';
import {
  createRealtimeClient,
  events,
  subscribed,
  type RealtimeClient,
  type RealtimeClientOptions,
  type StateChange,
} from './index.js';

const app = (name: string) => ({ id: name, name });

describe('a client, on a virtual clock', () => {
  let server: FakeRealtimeServer;
  let client: RealtimeClient;
  let changes: StateChange[];
  let errors: string[];

  beforeEach(() => {
    jest.useFakeTimers();
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
  });
  afterEach(() => {
    client.close();
    if (jest.getTimerCount() > 0) throw new Error('The client left a timer behind');
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  function begin(options: Partial<RealtimeClientOptions> = {}, ofServer: FakeServerOptions = {}): void {
    server = new FakeRealtimeServer(ofServer);
    client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket, ...options });
    changes = [];
    errors = [];
    client.on('state', (change) => changes.push(change));
    client.on('error', ({ code }) => errors.push(code));
  }
  const pass = (ms = 0): Promise<void> => jest.advanceTimersByTimeAsync(ms);
  const states = (): string[] => changes.map(({ state, code }) => `${code} → ${state}`);
  /** Records the names that a channel's listener receives. */
  function collect(): string[] {
    const received: string[] = [];
    client.channel('apps:created').on('event', ({ data }) => void received.push(data.name));
    return received;
  }

  describe('states', () => {
    it('does nothing until it is used', async () => {
      begin();
      client.channel('apps:created').on('event', () => undefined);
      await pass(60_000);
      expect(states()).toEqual([]);
      expect(server.connections).toHaveLength(0);
    });

    it('connects for the first subscriber of a channel, and reports each change with a code and a reason', async () => {
      begin();
      client.channel('apps:created').subscribe();
      await pass();
      client.close();
      expect(states()).toEqual(['connect → connecting', 'ready → connected', 'close → closed']);
      for (const { code, reason } of changes) expect(reason).toBe(code); // no other reason
    });

    it('stays closed after `close()`, also when a component mounts later, until `connect()`', async () => {
      begin();
      const stop = client.channel('apps:created').subscribe();
      await pass();
      client.close();
      stop();
      await pass(60_000);
      client.channel('apps:created').subscribe();
      await pass(60_000);
      expect(client.change).toMatchObject({ state: 'closed', code: 'close' });
      client.connect();
      await pass();
      expect(client.channel('apps:created').state).toBe('subscribed');
    });

    it('waits a random part of a bound that grows with the time it waited, up to the maximum', async () => {
      begin();
      server.isDown = true;
      client.connect();
      for (let attempt = 0; attempt < 11; attempt += 1) await pass(20_000);
      const waits = changes.flatMap(({ retryInMs }) => (retryInMs === undefined ? [] : [retryInMs]));
      expect(waits.slice(0, 9).map(Math.round)).toEqual([500, 500, 750, 1_313, 2_297, 4_020, 7_034, 12_310, 15_000]);
    });

    it('resets the backoff only after a stable connection', async () => {
      begin();
      client.connect();
      for (const lasted of [0, 1_000, 1_000, 6_000]) {
        await pass(lasted);
        server.cut();
        await pass(2_000);
      }
      const waits = changes.flatMap(({ retryInMs }) => (retryInMs === undefined ? [] : [retryInMs]));
      expect(waits).toEqual([500, 500, 750, 500]);
    });

    it('reconnects after the delay that the server sent', async () => {
      begin();
      client.connect();
      await pass();
      server.send({ type: 'reconnect', afterMs: 7_000 });
      server.close(1012, 'restarting');
      await pass(6_999);
      expect(client.change).toMatchObject({
        state: 'waiting',
        retryInMs: 7_000,
        closeCode: 1012,
        reason: 'restarting',
      });
      await pass(1);
      expect(client.state).toBe('connected');
    });

    it.each(Object.values(CLOSE_CODES))('$code: $then', async ({ code, then }) => {
      let got = 0;
      begin({ getToken: () => `user ${(got += 1)}` });
      client.connect();
      await pass();
      server.close(code, 'because');
      await pass(60_000);
      const after = {
        reconnects: 'connected 1',
        'stays closed': 'closed 1',
        'reconnects with a new token': 'connected 2',
      };
      expect(`${client.state} ${got}`).toBe(after[then]);
      expect(changes.find(({ closeCode }) => closeCode !== undefined)).toMatchObject({
        closeCode: code,
        reason: 'because',
      });
    });

    it('aborts an attempt that takes too long', async () => {
      begin(
        { timeoutMs: 3_000, token: 'u1' },
        { identify: () => ({ user: { userId: 'u1', email: null, role: 'user' } }) },
      );
      client.connect();
      client.on('state', () => undefined);
      await pass();
      server.cut();
      const silent = class extends server.WebSocket {
        override send(): void {}
      };
      client.close();
      begin({ timeoutMs: 3_000, token: 'u1', WebSocket: silent });
      client.connect();
      await pass(3_000);
      expect(client.change).toMatchObject({ state: 'waiting', code: 'unreachable' });
    });

    it('connects again from `closed` on request', async () => {
      begin();
      client.connect();
      await pass();
      server.close(4403, 'access was revoked');
      await pass(60_000);
      expect(client.state).toBe('closed');
      client.connect();
      await pass();
      expect(client.state).toBe('connected');
    });
  });

  describe('a dead connection', () => {
    it('is detected within the heartbeat, and missed events arrive', async () => {
      begin({}, { heartbeatMs: 30_000 });
      const received = collect();
      client.channel('apps:created').subscribe();
      await pass();
      await pass(60_000); // a quiet connection that replies
      expect(client.state).toBe('connected');
      server.silence();
      server.publish('apps:created', app('unheard'));
      await pass(30_000);
      expect(changes.find(({ code }) => code === 'silent')).toBeDefined();
      await pass(1_000);
      expect(received).toEqual(['unheard']);
    });

    it('is not pinged while it receives data', async () => {
      begin({}, { heartbeatMs: 10_000 });
      client.channel('apps:created').subscribe();
      for (let second = 0; second < 30; second += 1) {
        await pass(1_000);
        server.publish('apps:created', app('x'));
      }
      expect(server.open.at(0)!.received.map(({ type }) => type)).toEqual(['subscribe']);
    });

    it('is pinged once more by a page whose timers are late', async () => {
      begin({}, { heartbeatMs: 20_000 });
      client.connect();
      await pass();
      let now = performance.now();
      const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
      client.wake(); // pings; then the page is frozen for an hour, and its timer runs before the reply is read
      server.silence();
      now += 3_600_000;
      await pass(5_000);
      expect(client.state).toBe('connected');
      now += 5_000;
      await pass(5_000);
      expect(client.change.code).toBe('silent');
      clock.mockRestore();
    });
  });

  describe('tokens', () => {
    const user = { userId: 'u1', email: null, role: 'user' };

    it('are kept while they are valid', async () => {
      let got = 0;
      begin({ getToken: () => `t${(got += 1)}` });
      client.connect();
      await pass(100);
      server.cut();
      await pass(2_000);
      expect(client.state).toBe('connected');
      expect(got).toBe(1);
    });

    it('are renewed before they expire, on the same connection', async () => {
      let got = 0;
      const identify = (): FakeIdentity => ({ user, expiresInMs: 100_000 });
      begin({ getToken: () => `t${(got += 1)}` }, { identify });
      client.connect();
      await pass(60_000);
      expect(got).toBe(1);
      await pass(15_000);
      expect(got).toBe(2);
      await pass(1_000_000);
      expect(server.connections).toHaveLength(1);
      expect(errors).toEqual([]);
    });

    it('that are unavailable are requested again with backoff', async () => {
      let asked = 0;
      begin({
        getToken: () => {
          asked += 1;
          if (asked < 4) throw new Error('the sign-in is away');
          return 'u1';
        },
      });
      client.connect();
      await pass();
      expect(client.change).toMatchObject({ state: 'waiting', code: 'token_failed', retryInMs: 500 });
      expect(client.change.reason).toBe('the sign-in is away');
      await pass(3_600);
      expect(client.state).toBe('connected');
      expect(errors).toEqual(['token_failed', 'token_failed', 'token_failed']);
    });

    it('that cannot be renewed are requested again while the old one is valid', async () => {
      let asked = 0;
      begin(
        {
          getToken: () => {
            asked += 1;
            return asked === 2 ? Promise.reject(new Error('away')) : `t${asked}`;
          },
        },
        { identify: () => ({ user, expiresInMs: 100_000 }) },
      );
      client.connect();
      await pass(95_000);
      expect(asked).toBe(3);
      expect(errors).toEqual(['token_failed']);
      expect(server.connections).toHaveLength(1);
    });

    it('that expire in a sleeping page are renewed at once', async () => {
      let got = 0;
      const identify = (token: string): FakeIdentity => (token === 't1' ? { user, expiresInMs: 50 } : { user });
      begin({ getToken: () => `t${(got += 1)}` }, { identify });
      jest.spyOn(Math, 'random').mockReturnValue(-5); // a late renewal
      client.connect();
      await pass(60);
      expect(states()).toEqual([
        'connect → connecting',
        'ready → connected',
        'token_refused → waiting',
        'retry → connecting',
        'ready → connected',
      ]);
      expect(got).toBe(2);
    });

    it('that are refused repeatedly close the client', async () => {
      let got = 0;
      begin({ getToken: () => `t${(got += 1)}` }, { identify: () => 'token_expired' });
      client.connect();
      await pass(120_000);
      expect(client.change).toMatchObject({ state: 'closed', code: 'refused', reason: 'The token has expired' });
      expect(got).toBeLessThan(20);
    });

    it('that are fixed and expired are not tried twice', async () => {
      begin({ token: 't1' }, { identify: () => 'token_expired' });
      client.connect();
      await pass(60_000);
      expect(client.state).toBe('closed');
      expect(server.connections).toHaveLength(1);
    });

    it('of another user open a new connection', async () => {
      let who: string | null = 'ada';
      begin({ getToken: () => who });
      client.connect();
      await pass();
      who = 'grace';
      await client.reauthenticate();
      await pass();
      expect(client.identity?.user?.userId).toBe('grace');
      expect(states().slice(2)).toEqual(['other_user → waiting', 'retry → connecting', 'ready → connected']);
      who = null;
      await client.reauthenticate();
      await pass();
      expect(client.identity).toMatchObject({ user: null, authorizedChannels: [] });
      expect(server.connections).toHaveLength(3);
    });

    it('are sent to a server without anonymous connections', async () => {
      begin({ token: 'ada' }, { anonymous: false });
      client.connect();
      await pass();
      expect(client.identity?.user?.userId).toBe('ada');
    });
  });

  describe('channels', () => {
    it('are subscribed in one frame, and unsubscribed in one', async () => {
      begin();
      const stops = (['apps:created', 'apps:updated', 'users:created'] as const).map((name) =>
        client.channel(name).subscribe(),
      );
      await pass();
      for (const stop of stops) stop();
      await pass();
      expect(server.open.at(0)!.received).toEqual([
        {
          type: 'subscribe',
          ref: expect.any(String) as string,
          connectionId: 'fake-1',
          targets: [{ channel: 'apps:created' }, { channel: 'apps:updated' }, { channel: 'users:created' }],
        },
        { type: 'unsubscribe', channels: ['apps:created', 'apps:updated', 'users:created'] },
      ]);
    });

    it('are subscribed while they have subscribers; a repeated stop has no effect', async () => {
      begin();
      const channel = client.channel('apps:created');
      const [first, second] = [channel.subscribe(), channel.subscribe()];
      await pass();
      first();
      first();
      await pass();
      expect([...server.open.at(0)!.subscriptions]).toEqual(['apps:created']);
      second();
      await pass();
      expect([...server.open.at(0)!.subscriptions]).toEqual([]);
      expect(channel.state).toBe('unsubscribed');
    });

    it('are not affected by a recreated view', async () => {
      begin();
      const channel = client.channel('apps:created');
      const stop = channel.subscribe();
      await pass();
      stop();
      channel.subscribe();
      await pass();
      expect(server.open.at(0)!.received).toHaveLength(1);
      expect(channel.state).toBe('subscribed');
    });

    it('resume after a break from their positions, all in one frame, with each event once', async () => {
      begin();
      const received = collect();
      client.channel('apps:created').subscribe();
      client.channel('apps:updated').subscribe();
      await pass();
      const id = server.publish('apps:created', app('one'));
      await pass();
      server.cut();
      server.publish('apps:created', app('two'));
      await pass(1_000);
      const [resume] = server.open.at(0)!.received;
      expect(resume).toMatchObject({ type: 'subscribe', targets: [{ lastEventId: id }, { channel: 'apps:updated' }] });
      expect(resume).toHaveProperty('targets.1.lastEventId');
      expect(received).toEqual(['one', 'two']);
      expect(client.channel('apps:created').change).toMatchObject({ code: 'subscribed', recovered: true });
    });

    it('drop duplicate events', async () => {
      begin();
      const received = collect();
      client.channel('apps:created').subscribe();
      await pass();
      const first = server.publish('apps:created', app('one'))!;
      server.publish('apps:created', app('two'));
      await pass();
      server.send({ type: 'event', channel: 'apps:created', data: app('one'), id: first });
      await pass();
      expect(received).toEqual(['one', 'two']);
    });

    it('report missing events once, and continue from there', async () => {
      begin();
      const channel = client.channel('apps:created');
      const received = collect();
      const resets: string[] = [];
      channel.on('reset', ({ reason }) => void resets.push(reason));
      channel.subscribe();
      await pass();
      server.publish('apps:created', app('one'));
      await pass();
      server.cut();
      server.forget('apps:created');
      server.publish('apps:created', app('lost'));
      await pass(1_000);
      expect(resets).toEqual(['unknown_epoch']);
      server.publish('apps:created', app('after'));
      await pass();
      expect(received).toEqual(['one', 'after']);
      const lastEventId = server.publish('apps:created', app('resync'))!;
      server.send({ type: 'resync', channel: 'apps:created', reason: 'too_many', lastEventId });
      await pass();
      expect(resets).toEqual(['unknown_epoch', 'too_many']);
      expect(channel.lastEventId).toBe(lastEventId);
    });

    it('advance only when their listeners are done, and listeners are independent of each other', async () => {
      begin();
      const channel = client.channel('apps:created');
      const received = collect();
      const slow: string[] = [];
      let finish: () => void = () => undefined;
      channel.on('event', async ({ data }) => {
        await new Promise<void>((resolve) => (finish = resolve));
        slow.push(data.name);
      });
      channel.subscribe();
      await pass();
      const start = channel.lastEventId;
      const ids = ['one', 'two'].map((name) => server.publish('apps:created', app(name)));
      await pass();
      expect(received).toEqual(['one', 'two']);
      expect(channel.lastEventId).toBe(start);
      finish();
      await pass();
      expect([slow, channel.lastEventId]).toEqual([['one'], ids[0]]);
      finish();
      await pass();
      expect([slow, channel.lastEventId]).toEqual([['one', 'two'], ids[1]]);
    });

    it('are left while their listeners are behind, and resumed: waiting events are bounded, and none is lost', async () => {
      begin({ maxWaitingEvents: 10 });
      const channel = client.channel('apps:created');
      const received: string[] = [];
      let finish: () => void = () => undefined;
      channel.on('event', async ({ data }) => {
        await new Promise<void>((resolve) => (finish = resolve));
        received.push(data.name);
      });
      channel.subscribe();
      await pass();
      const names = Array.from({ length: 30 }, (_, index) => `app ${index}`);
      for (const name of names) server.publish('apps:created', app(name));
      await pass();
      expect(channel.change.code).toBe('behind');
      expect(server.open.at(0)!.subscriptions.size).toBe(0);
      for (let step = 0; step < 40; step += 1) {
        finish();
        await pass();
      }
      expect(received).toEqual(names);
      expect(channel.state).toBe('subscribed');
    });

    it('continue after a listener that fails, and its error is uncaught', async () => {
      begin();
      const channel = client.channel('apps:created');
      channel.on('event', () => {
        throw new Error('a mistake');
      });
      channel.on('event', () => Promise.reject(new Error('another')));
      const received = collect();
      channel.subscribe();
      await pass();
      const id = server.publish('apps:created', app('one'));
      const uncaught: unknown[] = [];
      jest.spyOn(globalThis, 'setTimeout').mockImplementation((callback) => {
        try {
          callback();
        } catch (error) {
          uncaught.push(error);
        }
        return undefined as never;
      });
      await pass();
      expect(uncaught.map(String)).toEqual(['Error: a mistake', 'Error: another']);
      expect(received).toEqual(['one']);
      expect(channel.lastEventId).toBe(id);
    });

    it('report why they are refused, and are retried when permissions may have changed', async () => {
      let mayHave = false;
      begin({ getToken: () => 'u1' }, { refuse: () => (mayHave ? null : 'forbidden') });
      const channel = client.channel('apps:created');
      channel.subscribe();
      await expect(Promise.all([subscribed(channel), pass()])).rejects.toMatchObject({ code: 'forbidden' });
      expect(channel.change).toMatchObject({ state: 'refused', error: { channel: 'apps:created' } });
      mayHave = true;
      await client.reauthenticate();
      await pass();
      expect(channel.state).toBe('subscribed');
    });

    it('are retried after a temporary refusal', async () => {
      let isAway = true;
      begin({}, { refuse: () => (isAway ? 'unavailable' : null) });
      const channel = client.channel('apps:created');
      channel.subscribe();
      await pass();
      expect([channel.state, errors]).toEqual(['subscribing', ['unavailable']]);
      isAway = false;
      await pass(3_000);
      expect(channel.state).toBe('subscribed');
    });

    it('end when the permission is revoked', async () => {
      begin();
      const channel = client.channel('apps:created');
      channel.subscribe();
      await pass();
      server.send({ type: 'unsubscribed', channel: 'apps:created', reason: 'access_revoked' });
      await pass();
      expect(channel.change).toMatchObject({ state: 'refused', code: 'revoked' });
    });

    it('are retried from their position after the server could not decide for too long', async () => {
      begin();
      const received = collect();
      const channel = client.channel('apps:created');
      channel.subscribe();
      await pass();
      server.publish('apps:created', app('before'));
      await pass();
      server.send({ type: 'unsubscribed', channel: 'apps:created', reason: 'unavailable' });
      await pass();
      expect(channel.change).toMatchObject({ state: 'subscribing', code: 'lost', reason: 'unavailable' });
      server.publish('apps:created', app('meanwhile'));
      await pass(3_000);
      expect(channel.state).toBe('subscribed');
      expect(received).toEqual(['before', 'meanwhile']);
    });

    it('start after an event that the application names', async () => {
      begin();
      const id = server.publish('apps:created', app('known'));
      server.publish('apps:created', app('new'));
      const received = collect();
      client.channel('apps:created').subscribe({ after: id });
      await pass();
      expect(received).toEqual(['new']);
    });

    it('are iterable: the next event follows when the previous one is done', async () => {
      begin();
      const channel = client.channel('apps:created');
      const received: string[] = [];
      const loop = (async () => {
        for await (const { data } of events(channel)) {
          received.push(data.name);
          if (received.length === 3) break;
        }
      })();
      await pass();
      for (const name of ['one', 'two', 'three', 'four']) server.publish('apps:created', app(name));
      await pass();
      await loop;
      expect(received).toEqual(['one', 'two', 'three']);
      await pass();
      expect(channel.state).toBe('unsubscribed');
    });

    it('end their iterations when the client or the iterator is closed', async () => {
      begin();
      const iterators = [1, 2].map(() => events(client.channel('apps:created'))[Symbol.asyncIterator]());
      const asked = iterators.map((iterator) => [iterator.next(), iterator.next()]).flat();
      await pass();
      await iterators.at(0)!.return!();
      client.close();
      const over = { done: true, value: undefined };
      expect(await Promise.all(asked)).toEqual([over, over, over, over]);
      await pass();
      expect(client.channel('apps:created').users).toBe(0);
    });

    it.each(['', 'apps:*', 'a b', 'x'.repeat(201)])('reject the name %j', (name) => {
      begin();
      expect(() => client.channel(name)).toThrow(expect.objectContaining({ code: 'invalid_channel' }) as Error);
    });
  });

  describe('presence', () => {
    it('is kept up to date as members join and leave', async () => {
      begin();
      const channel = client.channel('apps:created');
      channel.subscribe({ presence: true });
      await pass();
      expect(server.open.at(0)!.received[0]).toMatchObject({ targets: [{ channel: 'apps:created', presence: true }] });
      const member = (userId: string, connections = 1) => ({ userId, connections });
      server.send({ type: 'presence', channel: 'apps:created', members: [member('ada')], count: 3 });
      server.send({
        type: 'presence_diff',
        channel: 'apps:created',
        joined: [member('grace')],
        left: [member('ada', 0)],
      });
      await pass();
      expect(channel.presence).toEqual({ members: [member('grace')], count: 3 });
    });
  });

  describe('requests', () => {
    /** Returns the code of the refusal. Attaches the handler at once, so that the rejection is never unhandled. */
    const refused = (request: Promise<unknown>): Promise<string> =>
      request.then(
        () => 'answered',
        ({ code }: { code: string }) => code,
      );

    it('resolve with the reply, reject with the server’s error, and end with the connection', async () => {
      begin({}, { channels: ['announcements'] });
      await expect(client.request({ type: 'ping' })).rejects.toMatchObject({ code: 'not_connected' });
      client.connect();
      await pass();
      expect(await client.request({ type: 'list_channels' })).toMatchObject({ channels: ['announcements'] });
      await expect(client.request({ type: 'stats' })).rejects.toMatchObject({ code: 'forbidden' });
      server.silence();
      const cut = refused(client.request({ type: 'ping' }));
      client.close();
      expect(await cut).toBe('not_connected');
    });
  });
});
