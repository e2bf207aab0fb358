import { inject, InjectionToken, Injector, PLATFORM_ID, runInInjectionContext, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { jest } from '@jest/globals';
import { map } from 'rxjs';
import { angularApps } from '../../test/angular/support/scopes.js';
import type { RealtimeError } from '../client/index.js';
import { FakeRealtimeServer } from '../testing/index.js';
import {
  channel$,
  injectChannel,
  injectChannelState,
  injectCommand,
  injectConnectionState,
  injectEvents,
  injectHistory,
  injectIdentity,
  injectLive,
  injectOccupancy,
  injectStream,
  injectPresence,
  injectPresenceState,
  injectRealtimeClient,
  provideRealtime,
  realtimeServer,
} from './index.js';

type Apps = 'apps:created' | 'apps:deleted' | 'apps:updated';

const app = (name: string) => ({ id: name, name });
const start = angularApps();

describe('injectChannel', () => {
  it('begins after the first render, and shares one subscription until the last user is destroyed', async () => {
    const { create, pass, received, server, client } = start();
    const seen: string[] = [];
    const use = () => create(() => ({ state: injectChannel('apps:created', ({ data }) => void seen.push(data.name)) }));
    const [first, second] = [use(), use()];
    expect([first.state().state, client.state]).toEqual(['unsubscribed', 'idle']);
    await pass();
    expect([first.state().state, second.state().state]).toEqual(['subscribed', 'subscribed']);
    server.publish('apps:created', app('one'));
    await pass();
    first.destroy();
    await pass();
    server.publish('apps:created', app('two'));
    await pass();
    second.destroy();
    await pass();
    expect(seen).toEqual(['one', 'one', 'two']);
    expect(received()).toEqual(['subscribe', 'unsubscribe']);
    expect(client.channel('apps:created').users).toBe(0);
  });

  it('resubscribes only if the names change, and only to those that differ', async () => {
    const { create, pass, received, server } = start();
    const names = signal<readonly Apps[] | null>(['apps:created', 'apps:deleted']);
    const { state } = create(() => ({ state: injectChannel(() => names()) }));
    await pass();
    for (let count = 0; count < 10; count += 1) {
      names.set(['apps:created', 'apps:deleted']);
      await pass();
    }
    expect(received()).toEqual(['subscribe']);
    names.set(['apps:created', 'apps:updated']);
    await pass();
    const [connection] = server.connections;
    expect(connection!.received.slice(1)).toMatchObject([
      { type: 'unsubscribe', channels: ['apps:deleted'] },
      { type: 'subscribe', targets: [{ channel: 'apps:updated' }] },
    ]);
    expect(state().state).toBe('subscribed');
    names.set(null);
    await pass();
    expect([state().state, [...connection!.subscriptions]]).toEqual(['unsubscribed', []]);
  });

  it('shows the first channel that is not subscribed, and reports invalid names', async () => {
    const { create, pass, client } = start({}, { refuse: (name) => (name === 'apps:deleted' ? 'forbidden' : null) });
    const errors: string[] = [];
    client.on('error', ({ code }) => void errors.push(code));
    const { state, invalid, alone } = create(() => ({
      state: injectChannel(['apps:created', 'apps:deleted']),
      invalid: injectChannel((): string => 'not a channel'),
      alone: injectChannelState('apps:created'),
    }));
    await pass();
    expect([state().state, state().error?.code, alone().state]).toEqual(['refused', 'forbidden', 'subscribed']);
    expect([invalid().state, invalid().error?.code]).toEqual(['refused', 'invalid_channel']);
    expect(errors).toEqual(['invalid_channel', 'forbidden']);
  });

  it('waits for asynchronous callbacks, and reports missing events', async () => {
    const { create, pass, server } = start();
    const seen: string[] = [];
    create(() =>
      injectChannel(
        'apps:created',
        async ({ data }) => {
          seen.push(data.name);
          await new Promise((resolve) => setTimeout(resolve, 100));
        },
        { onReset: ({ reason }) => void seen.push(reason) },
      ),
    );
    await pass();
    for (const name of ['one', 'two']) server.publish('apps:created', app(name));
    await pass();
    expect(seen).toEqual(['one']);
    await pass(200);
    server.forget('apps:created');
    server.cut();
    await pass(1_000);
    expect(seen).toEqual(['one', 'two', 'unknown_epoch']);
  });

  it('resumes at a position that is known when it subscribes', async () => {
    const { create, pass, server } = start();
    const [first] = ['one', 'two'].map((name) => server.publish('apps:created', app(name)));
    const page = signal<{ readonly lastEventId: string | undefined } | null>(null);
    const seen: string[] = [];
    create(() =>
      injectChannel(
        () => (page() === null ? null : 'apps:created'),
        ({ data }) => void seen.push(data.name),
        { after: () => ({ 'apps:created': page()?.lastEventId }) },
      ),
    );
    await pass();
    page.set({ lastEventId: first });
    await pass();
    page.set({ lastEventId: 'other' });
    await pass();
    expect(seen).toEqual(['two']);
  });
});

describe('injectEvents', () => {
  const namesOf = (events: readonly { readonly data: unknown }[]) =>
    events.map(({ data }) => (data as { name: string }).name);

  it('keeps the last events, and those of channels that remain', async () => {
    const { create, pass, server, client } = start();
    const names = signal<readonly Apps[]>(['apps:created', 'apps:updated']);
    const { events, destroy } = create(() => ({ events: injectEvents(names, { limit: 3 }) }));
    await pass();
    for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
    server.publish('apps:updated', app('four'));
    await pass(20);
    expect(namesOf(events())).toEqual(['two', 'three', 'four']);
    names.set(['apps:updated']);
    await pass();
    expect(namesOf(events())).toEqual(['four']);
    destroy();
    client.close(); // the identity ends, which no listener of the component notices
    expect(namesOf(events())).toEqual(['four']);
  });

  it('changes at most once per frame', async () => {
    const { create, pass, server } = start();
    const { events } = create(() => ({ events: injectEvents('apps:created', { limit: 10 }) }));
    await pass();
    const lists = new Set<unknown>();
    for (let count = 0; count < 1_000; count += 1) {
      server.publish('apps:created', app(`${count}`));
      if (count % 100 === 0) await pass();
      lists.add(events());
    }
    await pass(20);
    expect(namesOf(events())).toHaveLength(10);
    expect(lists.size).toBeLessThan(4);
  });

  it.each([
    ['a second user', []],
    ['users after one without them', ['apps:created'] as const],
  ])('begins with the last events, also for %s, and again after a loss', async (_, others) => {
    const { create, pass, server } = start();
    create(() => injectChannel(others));
    for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
    const use = () => create(() => ({ events: injectEvents('apps:created', { last: 2 }) }));
    await pass();
    const first = use();
    await pass(20);
    const second = use();
    await pass(20);
    const shown = () => [namesOf(first.events()), namesOf(second.events())];
    expect(shown()).toEqual([
      ['two', 'three'],
      ['two', 'three'],
    ]);
    server.forget('apps:created');
    server.cut();
    server.publish('apps:created', app('four'));
    await pass(1_000);
    expect(shown()).toEqual([['four'], ['four']]);
  });

  it('shows nothing of a former user', async () => {
    let token = 'ada';
    const { create, pass, server, client } = start({ getToken: () => token });
    const resets: string[] = [];
    const { events, identity } = create(() => ({
      events: injectEvents('apps:created', { onReset: ({ reason }) => void resets.push(reason) }),
      identity: injectIdentity(),
    }));
    await pass();
    server.publish('apps:created', app('of ada'));
    await pass(20);
    expect([namesOf(events()), identity()?.user?.userId]).toEqual([['of ada'], 'ada']);
    token = 'grace';
    const shown: unknown[] = [];
    client.on('identity', () => void shown.push([namesOf(events()), identity()?.user?.userId]));
    await Promise.all([client.reauthenticate(), pass(1_000)]);
    server.publish('apps:created', app('of grace'));
    await pass(20);
    expect(shown).toEqual([
      [[], undefined],
      [[], 'grace'],
    ]);
    expect([namesOf(events()), resets]).toEqual([['of grace'], ['other_user']]);
  });
});

describe('the other signals', () => {
  it('show a change between their creation and the first render', () => {
    const { create, client } = start();
    const { state } = create(() => ({ state: injectChannelState('apps:created') }));
    expect(state().state).toBe('unsubscribed');
    client.channel('apps:created').subscribe();
    TestBed.tick();
    expect(state().state).toBe('subscribing');
  });

  it('show the connection, and do not connect', async () => {
    const { create, pass, client, server } = start();
    const { state, destroy } = create(() => ({ state: injectConnectionState() }));
    await pass(1_000);
    expect(state()).toMatchObject({ state: 'idle', reason: 'not connected yet' });
    client.connect();
    await pass();
    expect(state().state).toBe('connected');
    destroy();
    server.cut();
    await pass();
    expect(state().state).toBe('connected');
  });

  it('show the members of one channel, and none of a former user', async () => {
    let token = 'ada';
    const { create, pass, server, client } = start({ getToken: () => token });
    const room = signal<string | null>('rooms:one');
    const { members, destroy } = create(() => ({ members: injectPresence(room) }));
    const present = (channel: string, userId: string) => {
      server.send({ type: 'presence', channel, members: [{ userId, connections: 1 }], count: 1 });
      return pass();
    };
    expect(members()).toBeNull();
    await pass();
    await present('rooms:one', 'ada');
    expect(members()?.members).toEqual([{ userId: 'ada', connections: 1 }]);
    room.set('rooms:two');
    await pass();
    expect([members(), client.channel<string>('rooms:one').users]).toEqual([null, 0]);
    await present('rooms:two', 'ada');
    token = 'grace';
    await Promise.allSettled([client.reauthenticate(), pass()]);
    expect(members()).toBeNull();
    expect(server.connections[0]!.received).toContainEqual(
      expect.objectContaining({ targets: [expect.objectContaining({ channel: 'rooms:one', presence: true })] }),
    );
    destroy();
    expect(client.channel<string>('rooms:two').users).toBe(0);
  });

  it('show a state until the component is destroyed, also one that was set before it rendered', async () => {
    const { create, pass, server } = start();
    const room = signal('rooms:one');
    const { show, destroy } = create(() => ({ show: injectPresenceState<string>(room) }));
    show('early');
    await pass(1_000);
    show('late');
    await pass(1_000);
    room.set('rooms:two');
    await pass(1_000);
    show('there');
    await pass(1_000);
    destroy();
    await pass(1_000);
    const states = server.connections[0]!.received.flatMap((frame) =>
      frame.type === 'presence_update' ? [[frame.channel, JSON.parse(String(frame.state))]] : [],
    );
    expect(states).toEqual([
      ['rooms:one', 'early'],
      ['rooms:one', 'late'],
      ['rooms:one', null],
      ['rooms:two', 'there'],
      ['rooms:two', null],
    ]);
    expect([...server.connections[0]!.subscriptions]).toEqual([]);
  });

  it('show the number of subscriptions', async () => {
    const { create, pass, server } = start();
    const room = signal<string | null>('rooms:one');
    const { count } = create(() => ({ count: injectOccupancy(room) }));
    expect(count()).toBeNull();
    await pass();
    expect(count()).toBe(1);
    room.set(null);
    await pass();
    expect([count(), [...server.connections[0]!.subscriptions]]).toEqual([null, []]);
  });

  it('show a stream, and another one if the channel changes', async () => {
    const { create, pass, server } = start({}, { streams: ['deployments:{id}:log'] });
    server.openStream('deployments:1:log').write('one');
    server.openStream('deployments:2:log').write('two');
    const channel = signal<string | null>('deployments:1:log');
    const { stream } = create(() => ({ stream: injectStream(channel) }));
    expect(stream()).toMatchObject({ text: '', state: 'loading' });
    await pass();
    expect(stream()).toMatchObject({ text: 'one', state: 'open' });
    channel.set('deployments:2:log');
    await pass();
    expect(stream()).toMatchObject({ text: 'two', state: 'open' });
    channel.set(null);
    await pass();
    expect([stream().state, [...server.connections[0]!.subscriptions]]).toEqual(['loading', []]);
  });

  it('show kept events page by page', async () => {
    const { create, pass, server, client, received } = start();
    for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
    const channel = signal<'apps:created' | null>('apps:created');
    const { history, loadMore, destroy } = create(() => injectHistory(channel, { limit: 2 }));
    const shown = () => [history().events.map(({ data }) => data.name), history().more];
    expect(shown()).toEqual([[], false]);
    await pass();
    expect(shown()).toEqual([['two', 'three'], true]);
    loadMore();
    await pass();
    expect(shown()).toEqual([['one', 'two', 'three'], false]);
    channel.set(null);
    await pass();
    expect(shown()).toEqual([[], false]);
    client.close();
    client.connect();
    await pass();
    destroy();
    loadMore();
    await pass();
    expect(received()).toEqual(['history', 'history']);
  });
});

describe('channel$', () => {
  /** Subscribes, and records values, the error and the end. */
  function recorded(events: ReturnType<typeof channel$<Apps>>): unknown[] {
    const seen: unknown[] = [];
    events.pipe(map(({ data }) => (data as { name: string }).name)).subscribe({
      next: (name) => void seen.push(name),
      error: ({ code }: RealtimeError) => void seen.push(`error ${code}`),
      complete: () => void seen.push('complete'),
    });
    return seen;
  }

  it('passes typed events, and completes when its component is destroyed', async () => {
    const { create, pass, server, client, received } = start();
    const { events, destroy } = create(() => ({ events: channel$('apps:created', { last: 1 }) }));
    server.publish('apps:created', app('zero'));
    expect(client.channel('apps:created').users).toBe(0);
    const seen = recorded(events);
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    destroy();
    server.publish('apps:created', app('two'));
    await pass();
    expect(seen).toEqual(['zero', 'one', 'complete']);
    expect(received()).toEqual(['subscribe', 'unsubscribe']);
  });

  it('switches to another channel only if the name changes', async () => {
    const { create, pass, server, client, received } = start();
    const name = signal<Apps | null>('apps:created');
    const tick = signal(0);
    const { events } = create(() => ({ events: channel$(() => (tick() < 0 ? null : name())) }));
    const seen = recorded(events);
    await pass();
    const subscribe = jest.spyOn(client.channel('apps:created'), 'subscribe');
    tick.set(1);
    await pass();
    expect([received(), subscribe.mock.calls]).toEqual([['subscribe'], []]);
    name.set('apps:deleted');
    await pass();
    server.publish('apps:created', app('one'));
    server.publish('apps:deleted', { id: '2' });
    await pass();
    name.set(null);
    await pass();
    expect(seen).toEqual([undefined]);
    expect([...server.connections[0]!.subscriptions]).toEqual([]);
  });

  it('fails if the channel is refused, or its name is invalid', async () => {
    const { create, pass } = start({}, { refuse: () => 'forbidden' });
    const { refused, invalid } = create(() => ({
      refused: recorded(channel$('apps:created')),
      invalid: recorded(channel$('apps:*' as 'apps:created')),
    }));
    await pass();
    expect([refused, invalid]).toEqual([['error forbidden'], ['error invalid_channel']]);
  });
});

describe('provideRealtime', () => {
  it('is asked for if it is missing', () => {
    expect(() => runInInjectionContext(Injector.NULL, () => injectEvents('apps:created'))).toThrow(
      'provideRealtime is missing: add provideRealtime({ url }) to the providers of the application',
    );
  });

  it('takes options from the injector, and closes its client with it', async () => {
    const SESSION = new InjectionToken<string>('session');
    const fake = new FakeRealtimeServer();
    const own = provideRealtime(() => ({ url: 'ws://fake/ws', WebSocket: fake.WebSocket, token: inject(SESSION) }));
    const { create, pass, client } = start({}, {}, [{ provide: SESSION, useValue: 'ada' }, own]);
    const { identity } = create(() => ({ channel: injectChannel('apps:created'), identity: injectIdentity() }));
    await pass();
    expect(identity()?.user?.userId).toBe('ada');
    TestBed.resetTestingModule();
    expect(client.state).toBe('closed');
  });

  it('never connects on a server', async () => {
    const { create, pass, client, server } = start({}, {}, [{ provide: PLATFORM_ID, useValue: 'server' }]);
    const { state } = create(() => {
      channel$('apps:created').subscribe();
      client.connect();
      return { state: injectConnectionState(), channel: injectChannel('apps:created') };
    });
    await pass(60_000);
    expect([state().state, server.connections.length]).toEqual(['idle', 0]);
  });
});

describe('realtimeServer', () => {
  interface ShopEvents {
    readonly 'orders:placed': { readonly total: number };
  }

  it('has a separate client, and the same functions', async () => {
    const shop = realtimeServer<ShopEvents>('shop');
    const fake = new FakeRealtimeServer({ identify: (userId) => ({ user: { userId } as never }) });
    const options = { url: 'ws://shop/ws', WebSocket: fake.WebSocket, token: 'buyer' };
    const { create, pass, server } = start({}, {}, [shop.provideRealtime(options)]);
    const seen: number[] = [];
    const fields = create(() => ({
      state: shop.injectChannel('orders:placed', ({ data }) => void seen.push(data.total)),
      channelState: shop.injectChannelState('orders:placed'),
      orders: shop.injectEvents('orders:placed'),
      history: shop.injectHistory('orders:placed').history,
      connection: shop.injectConnectionState(),
      identity: shop.injectIdentity(),
      members: shop.injectPresence('orders:placed'),
      show: shop.injectPresenceState('orders:placed'),
      count: shop.injectOccupancy('orders:placed'),
      totals: shop.channel$('orders:placed').pipe(map(({ data }) => data.total)),
      clients: [shop.injectRealtimeClient(), injectRealtimeClient()],
      other: injectEvents('apps:created'),
    }));
    fields.totals.subscribe((total) => seen.push(total));
    await pass();
    (fake as unknown as { publish(channel: string, data: unknown): void }).publish('orders:placed', { total: 7 });
    fields.show('here');
    await pass(100);
    expect(seen).toEqual([7, 7]);
    expect(fields.orders()).toMatchObject([{ data: { total: 7 } }]);
    expect([fields.state().state, fields.channelState().state]).toEqual(['subscribed', 'subscribed']);
    expect([fields.connection().state, fields.identity()?.user?.userId]).toEqual(['connected', 'buyer']);
    expect([fields.members(), fields.count(), fields.history().events]).toEqual([null, 1, []]);
    expect(fields.clients[0]).not.toBe(fields.clients[1]);
    expect(fake.connections[0]!.received.map(({ type }) => type)).toContain('presence_update');
    expect([...server.connections[0]!.subscriptions]).toEqual(['apps:created']);
  });
});

describe('injectCommand', () => {
  it('calls a command, and shows the state of its last call until it is destroyed', async () => {
    const [name, wrong]: string[] = ['apps.deploy', 'apps.fail'];
    const commands = {
      [name!]: (input: unknown) => ({ deployed: input }),
      [wrong!]: () => {
        throw Object.assign(new Error('The name is taken'), { code: 'conflict' });
      },
    };
    const { create, pass } = start({}, { commands });
    const timeoutMs = signal(1_000);
    const given: number[] = [];
    const { deploy, fail, destroy } = create(() => ({
      connects: injectChannel('apps:created'),
      deploy: injectCommand(name!, () => {
        given.push(timeoutMs());
        return { timeoutMs: timeoutMs() };
      }),
      fail: injectCommand(wrong!),
    }));
    await pass();
    expect([deploy().state, fail().state]).toEqual(['idle', 'idle']);
    timeoutMs.set(2_000);
    const outcome = deploy().call('shop');
    expect(deploy().state).toBe('pending');
    await pass();
    expect(await outcome).toEqual({ deployed: 'shop' });
    expect(deploy()).toMatchObject({ state: 'idle', data: { deployed: 'shop' } });
    expect(given).toEqual([2_000]); // read at the call
    void fail().call();
    await pass();
    expect(fail()).toMatchObject({ state: 'error', error: { code: 'conflict' } });
    fail().reset();
    expect(fail()).toMatchObject({ state: 'idle', error: undefined });
    destroy();
    void deploy().call('later');
    expect(deploy().state).toBe('idle');
    await pass();
  });
});

describe('injectLive', () => {
  it('follows a live resource from the first render, switches with the channel, and ends with the component', async () => {
    const { create, pass, server } = start();
    server.states.set('boards:1', { count: 0 });
    server.states.set('boards:2', { other: true });
    const name = signal<string | null>(null);
    const { live, destroy } = create(() => ({ live: injectLive<string>(() => name()) }));
    await pass();
    expect(live()).toEqual({ data: undefined, status: 'loading' });
    name.set('boards:1');
    await pass();
    server.states.patch('boards:1', { set: { '/count': 1 } });
    await pass(100);
    expect(live()).toMatchObject({ data: { count: 1 }, status: 'live' });
    name.set('boards:2');
    await pass();
    expect(live()).toMatchObject({ data: { other: true }, status: 'live' });
    name.set('not a channel');
    await pass();
    expect(live()).toMatchObject({ data: undefined, status: 'refused', error: { code: 'invalid_channel' } });
    name.set('boards:1');
    await pass();
    destroy();
    await pass();
    expect(server.open.at(0)?.subscriptions.size).toBe(0);
  });
});
