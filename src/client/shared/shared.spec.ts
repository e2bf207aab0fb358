import { jest } from '@jest/globals';
import { FakeRealtimeServer, type FakeCall } from '../../testing/index.js';
import {
  createRealtimeClient,
  history,
  presenceState,
  serverChannels,
  subscribed,
  type RealtimeClient,
  type StateChange,
} from '../index.js';
import { callByName } from '../../../test/support/call-by-name.js';
import { shareIn } from './shared-web-socket.js';
import { FakeBrowser, type Refused } from '../../../test/support/fake-browser.js';

const app = (name: string) => ({ id: name, name });

describe('one connection for all tabs', () => {
  let server: FakeRealtimeServer;
  let browser: FakeBrowser;
  let clients: RealtimeClient[];

  beforeEach(() => {
    server = new FakeRealtimeServer({ channels: ['apps:created'] });
    browser = new FakeBrowser();
    clients = [];
  });
  afterEach(() => {
    for (const client of clients) client.close();
  });

  /** A tab with a client, and its received events. */
  async function tab(refused: readonly Refused[] = [], last?: number) {
    const world = browser.world(server, refused);
    const WebSocket = shareIn(world, 'test');
    const client = createRealtimeClient({ url: 'ws://fake/ws', token: 'ada', WebSocket, minDelayMs: 1 });
    clients.push(client);
    const received: string[] = [];
    const resets: string[] = [];
    const channel = client.channel('apps:created');
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe({ last });
    await subscribed(channel);
    return { client, received, resets, world };
  }
  /** Waits until pending messages have arrived. */
  const settle = async (): Promise<void> => {
    for (let step = 0; step < 50; step += 1) await Promise.resolve();
  };

  it('is one connection and one subscription, and every tab receives each event once', async () => {
    const tabs = [await tab(), await tab(), await tab()];
    server.publish('apps:created', app('one'));
    await settle();
    expect(tabs.map(({ received }) => received)).toEqual([['one'], ['one'], ['one']]);
    expect(server.open).toHaveLength(1);
    expect(tabs.map(({ client }) => client.identity?.user?.userId)).toEqual(['ada', 'ada', 'ada']);
    // With it, all tabs would miss what one of them sent.
    expect(tabs.map(({ client }) => client.connectionId)).toEqual([undefined, undefined, undefined]);
    expect(await tabs.at(2)!.client.request({ type: 'list_channels' })).toMatchObject({ subscribed: ['apps:created'] });
  });

  it('carries the calls of every tab, their progress and their cancellation', async () => {
    const runs: FakeCall[] = [];
    const commands = {
      slow: (_input: unknown, running: FakeCall) => {
        runs.push(running);
        running.progress('begun');
        return new Promise((resolve) => running.signal.addEventListener('abort', () => resolve('late')));
      },
      fast: (input: string) => input,
    };
    server = new FakeRealtimeServer({ channels: ['apps:created'], commands });
    const [one, two] = [await tab(), await tab()];
    const slow = callByName(two.client, 'slow');
    const progress = slow.progress[Symbol.asyncIterator]();
    expect(await progress.next()).toEqual({ done: false, value: 'begun' });
    expect(await Promise.all([one, two].map(({ client }, index) => callByName(client, 'fast', index)))).toEqual([0, 1]);
    slow.cancel();
    await expect(slow).rejects.toMatchObject({ code: 'cancelled' });
    await settle();
    expect(runs.map(({ signal }) => signal.aborted)).toEqual([true]);
  });

  it('sends a call again through the next leader, and the command runs once', async () => {
    let runs = 0;
    let end: (value: string) => void = () => undefined;
    const commands = {
      slow: () => {
        runs += 1;
        return new Promise<string>((resolve) => (end = resolve));
      },
    };
    server = new FakeRealtimeServer({ channels: ['apps:created'], commands });
    const [one, two] = [await tab(), await tab()];
    const slow = callByName(two.client, 'slow');
    await settle();
    one.client.close();
    await settle();
    await subscribed(two.client.channel('apps:created'));
    end('done');
    expect(await slow).toBe('done');
    expect([runs, server.connections.length]).toEqual([1, 2]);
  });

  describe('with a presence state in several tabs', () => {
    const states = () =>
      server.connections.flatMap(({ received }) =>
        received.flatMap((request) =>
          request.type === 'presence_update' ? [JSON.parse(request.state ?? 'null')] : [],
        ),
      );

    it('shows the one that was set last, and the one before once that tab is closed', async () => {
      const [one, two] = [await tab(), await tab()];
      presenceState(one.client, 'apps:created').set('one');
      await settle();
      presenceState(two.client, 'apps:created').set('two');
      await settle();
      two.client.close();
      await settle();
      expect(states()).toEqual(['one', 'two', 'one']);
      one.client.close();
    });

    it('shows the one of another tab once a tab removes its own', async () => {
      const [one, two] = [await tab(), await tab()];
      presenceState(one.client, 'apps:created').set('one');
      await settle();
      await two.client.request({ type: 'presence_update', channel: 'apps:created', state: 'two' });
      await two.client.request({ type: 'presence_update', channel: 'apps:created', state: null });
      await settle();
      expect(states()).toEqual(['one', 'two', null, 'one']);
    });

    it('shows it again after the subscription was renewed for a tab that is behind', async () => {
      const [one, two] = [await tab(), await tab()];
      presenceState(one.client, 'apps:created').set('one');
      await settle();
      const before = two.client.channel('apps:created').lastEventId;
      server.publish('apps:created', app('missed'));
      await settle();
      const late = await tab();
      late.client.channel('apps:created').unsubscribe();
      await settle();
      late.client.channel('apps:created').subscribe({ after: before });
      await settle();
      const isRenewed = server.open[0]!.received.filter(({ type }) => type === 'subscribe').length > 1;
      expect([isRenewed, states().at(-1), states().length]).toEqual([true, 'one', 2]);
    });
  });

  it('is taken over when the leader is closed, without lost or duplicate events', async () => {
    const [leader, ...others] = [await tab(), await tab(), await tab()];
    server.publish('apps:created', app('before'));
    await settle();
    leader.client.close();
    server.publish('apps:created', app('meanwhile'));
    const lost: StateChange[] = [];
    await Promise.all(
      others.map(
        ({ client }) =>
          new Promise<void>((resolve) => {
            client.on('state', (change) => change.code === 'lost' && lost.push(change));
            client.channel('apps:created').on('state', ({ state }) => state === 'subscribed' && resolve());
          }),
      ),
    );
    expect(lost.map(({ retryInMs }) => retryInMs)).toEqual([0, 0]); // the server still works
    server.publish('apps:created', app('after'));
    await settle();
    for (const { received, resets } of others) {
      expect(received).toEqual(['before', 'meanwhile', 'after']);
      expect(resets).toEqual([]);
    }
    expect(server.open).toHaveLength(1);
  });

  it('lets a tab resume behind the others, which receive nothing twice', async () => {
    const first = await tab();
    const start = first.client.channel('apps:created').lastEventId!;
    for (const name of ['one', 'two']) server.publish('apps:created', app(name));
    await settle();
    const second = createRealtimeClient({
      url: 'ws://fake/ws',
      token: 'ada',
      WebSocket: shareIn(browser.world(server), 'test'),
    });
    clients.push(second);
    const received: string[] = [];
    const channel = second.channel('apps:created');
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.subscribe({ after: start });
    await subscribed(channel);
    server.publish('apps:created', app('three'));
    await settle();
    expect(received).toEqual(['one', 'two', 'three']);
    expect(first.received).toEqual(['one', 'two', 'three']);
  });

  it('sends the last events to a tab that joins, and nothing twice to the others', async () => {
    const first = await tab();
    for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
    await settle();
    const second = await tab([], 2);
    server.publish('apps:created', app('four'));
    await settle();
    expect(first).toMatchObject({ received: ['one', 'two', 'three', 'four'], resets: [] });
    expect(second).toMatchObject({ received: ['two', 'three', 'four'], resets: [] });
    expect(server.open).toHaveLength(1);
  });

  it('sends the last events to a tab, if the others are further behind than these', async () => {
    const first = await tab();
    server.publish('apps:created', app('one'));
    await settle();
    const { client } = await tab();
    // Lost on the way to the hub, as while its connection is slow.
    const [connection] = server.open;
    connection!.isSilent = true;
    for (const name of ['two', 'three', 'four']) server.publish('apps:created', app(name));
    connection!.isSilent = false;
    const third = await tab([], 1);
    server.publish('apps:created', app('five'));
    await settle();
    expect(first).toMatchObject({ received: ['one', 'two', 'three', 'four', 'five'], resets: [] });
    expect(third.received.slice(-2)).toEqual(['four', 'five']);
    expect(third.resets).toEqual([]);
    expect(client.state).toBe('connected');
  });

  it('disturbs no other tab on a channel without history', async () => {
    server = new FakeRealtimeServer({ historySize: 0 });
    const first = await tab();
    server.publish('apps:created', app('one'));
    await settle();
    const second = await tab([], 5);
    server.publish('apps:created', app('two'));
    await settle();
    expect(first).toMatchObject({ received: ['one', 'two'], resets: [] });
    expect(second).toMatchObject({ received: ['two'], resets: [] });
  });

  it('answers each tab that asks for the history', async () => {
    const [first, second] = [await tab(), await tab()];
    for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
    const pages = await Promise.all(
      [1, 2].map((limit, index) => history([first, second][index]!.client, 'apps:created', { limit })),
    );
    expect(pages.map(({ events }) => events.map(({ data }) => data.name))).toEqual([['three'], ['two', 'three']]);
  });

  it('notifies a tab that cannot resume, and loses no events of the others', async () => {
    const first = await tab();
    server.publish('apps:created', app('one'));
    await settle();
    const second = createRealtimeClient({
      url: 'ws://fake/ws',
      token: 'ada',
      WebSocket: shareIn(browser.world(server), 'test'),
    });
    clients.push(second);
    const resets: string[] = [];
    const channel = second.channel('apps:created');
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe({ after: 'other-7' });
    await subscribed(channel);
    server.publish('apps:created', app('two'));
    await settle();
    expect(resets).toEqual(['unknown_epoch']);
    expect(first).toMatchObject({ received: ['one', 'two'], resets: [] });
  });

  it('is taken from a frozen leader, which follows when it wakes up', async () => {
    jest.useFakeTimers();
    try {
      const [leader, other] = [await tab(), await tab()];
      leader.world.freeze();
      const third = tab(); // its request gets no reply
      await jest.advanceTimersByTimeAsync(2_900);
      expect(server.open).toHaveLength(1);
      await jest.advanceTimersByTimeAsync(200);
      const tabs = [leader, other, await third];
      server.publish('apps:created', app('meanwhile'));
      await settle();
      leader.world.thaw();
      await jest.advanceTimersByTimeAsync(10);
      server.publish('apps:created', app('after'));
      await settle();
      for (const { received, resets } of tabs)
        expect({ received, resets }).toEqual({ received: ['meanwhile', 'after'], resets: [] });
      expect(server.open).toHaveLength(1);
    } finally {
      for (const client of clients) client.close();
      jest.useRealTimers();
    }
  });

  it('follows the tab that leads: a message of a former leader closes no socket', async () => {
    const { world } = await tab();
    const broadcast = new world.BroadcastChannel('test');
    const opened: string[] = [];
    broadcast.onmessage = ({ data: { message } }: { data: { message: { op: string; ports: string[] } } }) => {
      if (message.op === 'opened') opened.push(...message.ports);
    };
    const { client } = await tab();
    expect(opened).toHaveLength(1);
    const { change } = client;
    const message = { op: 'closed', ports: opened, code: 1012, reason: 'ends' };
    broadcast.postMessage({ to: 'ports', from: 'a former leader', message });
    await settle();
    expect(client.change).toBe(change);
    expect(change.state).toBe('connected');
    broadcast.close();
  });

  it('closes a socket that the leader does not know', async () => {
    const { client, world } = await tab();
    const broadcast = new world.BroadcastChannel('test');
    const messages: unknown[] = [];
    broadcast.onmessage = ({ data }: { data: unknown }) => messages.push(data);
    broadcast.postMessage({ to: 'leader', message: { op: 'send', port: 'lost/1', text: '{"type":"ping"}' } });
    await settle();
    expect(messages).toEqual([
      expect.objectContaining({ message: expect.objectContaining({ op: 'closed', ports: ['lost/1'], code: 1012 }) }),
    ]);
    expect(client.state).toBe('connected');
    broadcast.close();
  });

  it('opens a socket only once if it asks twice: on creation, and for a new leader', async () => {
    const { world } = await tab();
    const broadcast = new world.BroadcastChannel('test');
    const messages: string[] = [];
    broadcast.onmessage = ({ data }: { data: { message: { op: string } } }) => messages.push(data.message.op);
    const message = {
      op: 'open',
      port: 'other/1',
      tab: 'other',
      url: 'ws://fake/ws',
      protocols: [],
      isAnonymous: false,
    };
    broadcast.postMessage({ to: 'leader', message });
    broadcast.postMessage({ to: 'leader', message });
    await settle();
    expect(messages).toEqual(['accepted', 'opened', 'message']);
    broadcast.close();
  });

  it.each([['locks'], ['BroadcastChannel']] as const)('is not shared if a browser refuses %s', async (refused) => {
    const tabs = [await tab(), await tab([refused]), await tab([refused])];
    server.publish('apps:created', app('one'));
    await settle();
    expect(tabs.map(({ received }) => received)).toEqual([['one'], ['one'], ['one']]);
    expect(server.open).toHaveLength(3);
    for (const { client } of tabs) client.close();
    await settle();
    expect(server.open).toHaveLength(0);
    expect([...browser.broadcasts]).toEqual([]);
  });

  it('passes a subscription of the server to every tab, also to one that opens later', async () => {
    const heard: string[] = [];
    const open = async (name: string) => {
      const world = browser.world(server);
      const client = createRealtimeClient({ url: 'ws://fake/ws', token: 'ada', WebSocket: shareIn(world, 'test') });
      clients.push(client);
      serverChannels(client);
      client.channel('users:created').on('event', () => void heard.push(name));
      client.connect();
      await new Promise<void>((resolve) => {
        client.on('identity', () => resolve());
      });
      return client.channel('users:created');
    };
    const first = await open('first');
    const second = await open('second');
    server.subscribe('ada', 'users:created');
    await settle();
    const third = await open('third');
    await settle();
    expect([first, second, third].map(({ state }) => state)).toEqual(['subscribed', 'subscribed', 'subscribed']);
    server.publish('users:created', { id: '1', email: 'a@b.c' });
    await settle();
    expect(heard.toSorted()).toEqual(['first', 'second', 'third']);
    expect(server.open).toHaveLength(1);
    server.unsubscribe('ada', 'users:created');
    await settle();
    expect([first, second, third].map(({ state }) => state)).toEqual(['unsubscribed', 'unsubscribed', 'unsubscribed']);
    const fourth = await open('fourth');
    await settle();
    expect(fourth.state).toBe('unsubscribed');
  });

  it('ends its subscription with the last tab that uses it, and the connection with the last tab', async () => {
    const tabs = [await tab(), await tab()];
    const connection = server.open.at(0);
    tabs.at(1)!.client.close();
    await settle();
    expect([...connection!.subscriptions]).toEqual(['apps:created']);
    tabs.at(0)!.client.close();
    await settle();
    expect(server.open).toHaveLength(0);
    expect([...browser.broadcasts]).toEqual([]);
    expect([...browser.held.keys()]).toEqual([]);
  });
});
