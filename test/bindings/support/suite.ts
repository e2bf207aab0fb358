import { jest } from '@jest/globals';
import type { RealtimeClient, RealtimeError } from '../../../src/client/index.js';
import { FakeRealtimeServer, type FakeServerOptions } from '../../../src/testing/index.js';
import { deferred, pass } from '../../support/virtual-client.js';
import type { Binding, Component, Given, Part } from './binding.js';

const app = (name: string) => ({ id: name, name });

/** The promises of every binding. Each test runs on a virtual clock, with a fake server. */
export function describeBinding(framework: string, load: () => Binding | Promise<Binding>): void {
  describe(`the binding for ${framework}`, () => {
    let binding: Binding;
    const clients: RealtimeClient[] = [];
    const mounted: Component[] = [];

    beforeAll(async () => {
      binding = await load();
    });
    beforeEach(() => void jest.useFakeTimers());
    afterEach(async () => {
      for (const component of mounted.splice(0)) await component.unmount();
      for (const client of clients.splice(0)) client.close();
      await pass(100);
      const left = jest.getTimerCount();
      jest.useRealTimers();
      if (left > 0) throw new Error(`The binding left ${left} timers behind`);
    });

    function begin(options: FakeServerOptions = {}, server = new FakeRealtimeServer(options)) {
      const session = { token: 'ada' };
      const errors: string[] = [];
      const client = binding.createRealtimeClient({
        url: 'ws://fake/ws',
        WebSocket: server.WebSocket,
        getToken: () => session.token,
        minDelayMs: 100,
        maxDelayMs: 100,
      });
      clients.push(client);
      client.on('error', ({ code }: RealtimeError) => void errors.push(code));
      const requests = (type: string) =>
        server.connections.flatMap(({ received }) => received.filter((request) => request.type === type));
      const mount = async (part: Part, given: Partial<Given> = {}): Promise<Component> => {
        const component = await binding.mount(part, { client, channels: ['apps:created'], ...given });
        mounted.push(component);
        await pass();
        return component;
      };
      return { server, client, session, errors, requests, mount };
    }
    const text = ({ shown }: Component): string | undefined => shown.at(-1);

    it('subscribes while a component is mounted, calls back for its events, and leaves nothing behind', async () => {
      const { server, client, requests, mount } = begin();
      const seen: string[] = [];
      const onEvent: Given['onEvent'] = ({ channel, data }) =>
        void seen.push(`${channel} ${(data as { name: string }).name}`);
      const component = await mount('channel', { channels: ['apps:created', 'apps:updated'], onEvent });
      expect(text(component)).toBe('connected, subscribed, ada');
      server.publish('apps:created', app('one'));
      server.publish('apps:updated', app('two'));
      await pass();
      await component.unmount();
      await pass();
      server.publish('apps:created', app('three'));
      await pass();
      expect(seen).toEqual(['apps:created one', 'apps:updated two']);
      expect([requests('subscribe').length, requests('unsubscribe').length]).toEqual([1, 1]);
      expect(client.channel('apps:created').users).toBe(0);
    });

    it('sends nothing for arguments that are new objects with the same content', async () => {
      const { server, requests, mount } = begin();
      const seen: number[] = [];
      const component = await mount('channel');
      for (let tick = 1; tick <= 30; tick += 1) {
        await component.set({ tick, onEvent: () => void seen.push(tick) });
        await pass();
      }
      server.publish('apps:created', app('one'));
      await pass();
      expect(seen).toEqual([30]);
      expect([requests('subscribe').length, requests('unsubscribe').length]).toEqual([1, 0]);
    });

    it('subscribes and unsubscribes only the channels that differ, and all of them with `enabled`', async () => {
      const { server, requests, mount } = begin();
      const component = await mount('channel', { channels: ['announcements', 'apps:created'] });
      await component.set({ channels: ['announcements', 'apps:deleted'] });
      await pass();
      expect(requests('unsubscribe')).toMatchObject([{ channels: ['apps:created'] }]);
      expect(requests('subscribe')).toMatchObject([{}, { targets: [{ channel: 'apps:deleted' }] }]);
      await component.set({ enabled: false });
      await pass();
      expect([...server.open[0]!.subscriptions]).toEqual([]);
      expect(text(component)).toBe('connected, unsubscribed, ada');
      await component.set({ enabled: true });
      await pass();
      expect([...server.open[0]!.subscriptions]).toEqual(['announcements', 'apps:deleted']);
    });

    it('keeps events that wait for an asynchronous callback when other channels change', async () => {
      const { server, mount } = begin();
      const held = deferred();
      const seen: string[] = [];
      const component = await mount('channel', {
        onEvent: async ({ data }) => {
          await held.promise;
          seen.push((data as { name: string }).name);
        },
      });
      for (const name of ['one', 'two', 'three']) server.publish('apps:created', app(name));
      await pass();
      await component.set({ channels: ['apps:created', 'apps:deleted'] });
      held.resolve();
      await pass();
      expect(seen).toEqual(['one', 'two', 'three']);
    });

    it('shares one subscription between components, which ends with the last of them', async () => {
      const { requests, mount } = begin();
      const [first, second] = [await mount('channel'), await mount('channel')];
      expect(second.shown[0]).toBe('connected, subscribed, ada');
      await first.unmount();
      await pass();
      expect([requests('subscribe').length, requests('unsubscribe').length]).toEqual([1, 0]);
      await second.unmount();
      await pass();
      expect(requests('unsubscribe')).toHaveLength(1);
    });

    it.each(['channel', 'events', 'presence', 'occupancy', 'history'] as const)(
      'ends the part "%s" with its component: later changes of its arguments send nothing',
      async (part) => {
        const { client, server, requests, mount } = begin();
        const component = await mount(part);
        await component.unmount();
        await pass();
        const count = requests('history').length;
        await component.set({ channels: ['apps:updated'] });
        client.connect();
        await pass(1_000);
        expect([...server.open[0]!.subscriptions]).toEqual([]);
        expect(requests('history')).toHaveLength(count);
      },
    );

    it('shows a stream at most once per frame, from its beginning, and another one if the channel changes', async () => {
      const { server, requests, mount } = begin({ streams: ['deployments:{id}:log'] });
      const writer = server.openStream('deployments:1:log');
      writer.write('begin');
      const component = await mount('stream', { channels: ['deployments:1:log'] });
      await pass(100);
      expect(text(component)).toBe('open "begin"');
      const before = component.shown.length;
      for (let count = 0; count < 32; count += 1) {
        writer.write('.');
        await pass(1);
      }
      writer.end();
      await pass(100);
      expect(text(component)).toBe(`done "begin${'.'.repeat(32)}"`);
      expect(component.shown.length - before).toBeLessThan(8);
      server.openStream('deployments:2:log').write('other');
      await component.set({ channels: ['deployments:2:log'] });
      await pass(100);
      expect(text(component)).toBe('open "other"');
      await component.set({ channels: ['not a channel'] });
      await pass(100);
      expect(text(component)).toBe('refused ""');
      await component.unmount();
      await pass();
      expect([...server.open[0]!.subscriptions]).toEqual([]);
      expect([requests('subscribe').length, requests('unsubscribe').length]).toEqual([2, 2]);
    });

    it('shows a broken connection and its recovery, and delivers what was missed once', async () => {
      const { server, mount } = begin();
      const seen: unknown[] = [];
      const component = await mount('channel', { onEvent: ({ data }) => void seen.push(data) });
      server.isDown = true;
      server.cut();
      server.publish('apps:created', app('meanwhile'));
      await pass();
      expect(text(component)).toBe('waiting, subscribing, ada');
      server.isDown = false;
      await pass(1_000);
      expect(text(component)).toBe('connected, subscribed, ada');
      expect(seen).toEqual([app('meanwhile')]);
    });

    it('reports a loss of continuity', async () => {
      const { server, mount } = begin();
      const resets: string[] = [];
      await mount('channel', { onReset: ({ channel, reason }) => void resets.push(`${channel} ${reason}`) });
      server.forget('apps:created');
      server.cut();
      await pass(1_000);
      expect(resets).toEqual(['apps:created unknown_epoch']);
    });

    it('shows the last events, oldest first, and keeps those of channels that stay', async () => {
      const { server, mount } = begin();
      const component = await mount('events', { channels: ['apps:created', 'apps:updated'], limit: 3 });
      for (const name of ['1', '2', '3', '4']) server.publish('apps:created', app(name));
      server.publish('apps:updated', app('5'));
      await pass(16);
      expect(text(component)).toBe('3 4 5');
      await component.set({ channels: ['apps:updated'] });
      expect(text(component)).toBe('5');
      await component.set({ limit: 1 });
      server.publish('apps:updated', app('6'));
      await pass(16);
      expect(text(component)).toBe('6');
    });

    it('begins with the last events, also in a second component, and continues without a gap', async () => {
      const { server, mount } = begin();
      for (const name of ['1', '2', '3', '4']) server.publish('apps:created', app(name));
      const components = [await mount('events', { last: 3 }), await mount('events', { last: 3 })];
      await pass(16);
      expect(components.map(text)).toEqual(['2 3 4', '2 3 4']);
      server.cut();
      server.publish('apps:created', app('5'));
      await pass(1_000);
      expect(components.map(text)).toEqual(['2 3 4 5', '2 3 4 5']);
      server.forget('apps:created');
      server.cut();
      await pass(1_000);
      server.publish('apps:created', app('6'));
      await pass(16);
      expect(components.map(text)).toEqual(['6', '6']);
    });

    it('shows no events while it is disabled, and then begins with the last ones again', async () => {
      const { server, mount } = begin();
      for (const name of ['1', '2']) server.publish('apps:created', app(name));
      const component = await mount('events', { last: 3 });
      await pass(16);
      await component.set({ enabled: false });
      expect(text(component)).toBe('');
      server.publish('apps:created', app('3'));
      await pass();
      await component.set({ enabled: true });
      await pass(16);
      expect(text(component)).toBe('1 2 3');
    });

    it('updates at most once per frame, at any event rate', async () => {
      const { server, mount } = begin();
      const component = await mount('events', { limit: 5 });
      const before = component.shown.length;
      for (let batch = 0; batch < 16; batch += 1) {
        for (let index = 0; index < 100; index += 1) server.publish('apps:created', app(`${batch}-${index}`));
        await pass(4);
      }
      await pass(16);
      expect(text(component)).toBe('15-95 15-96 15-97 15-98 15-99');
      expect(component.shown.length - before).toBeLessThanOrEqual(6);
    });

    it('shows no data of a former user, and reports a reset', async () => {
      const { server, client, session, mount } = begin();
      const resets: string[] = [];
      const channel = await mount('channel', { onReset: ({ reason }) => void resets.push(reason) });
      const events = await mount('events');
      server.publish('apps:created', app('of ada'));
      await pass(16);
      expect([text(channel), text(events)]).toEqual(['connected, subscribed, ada', 'of ada']);
      session.token = 'grace';
      const signedIn = client.reauthenticate();
      await pass();
      expect(text(events)).toBe('');
      await Promise.all([signedIn, pass(1_000)]);
      server.publish('apps:created', app('of grace'));
      await pass(16);
      expect([text(channel), text(events)]).toEqual(['connected, subscribed, grace', 'of grace']);
      const since = channel.shown.slice(channel.shown.lastIndexOf('connected, subscribed, ada'));
      const signedOut = since.findIndex((shown) => shown.endsWith('no user'));
      expect(since.slice(signedOut).filter((shown) => shown.includes('ada'))).toEqual([]);
      expect(signedOut).toBeGreaterThan(0);
      expect(resets).toEqual(['other_user']);
    });

    it('shows no events after the client is closed, and leaves it closed', async () => {
      const { server, client, mount } = begin();
      const component = await mount('events');
      server.publish('apps:created', app('one'));
      await pass(16);
      client.close();
      await pass();
      expect(text(component)).toBe('');
      await component.unmount();
      const other = await mount('channel');
      await pass(10_000);
      expect([client.state, text(other)]).toEqual(['closed', 'closed, subscribing, no user']);
    });

    it('follows another client of the provider, and shows no events of the former one', async () => {
      const [one, other] = [begin(), begin()];
      const component = await one.mount('events');
      one.server.publish('apps:created', app('of one'));
      await pass(16);
      await component.set({ client: other.client });
      expect(text(component)).toBe('');
      await pass();
      one.server.publish('apps:created', app('of one again'));
      other.server.publish('apps:created', app('of the other'));
      await pass(16);
      expect(text(component)).toBe('of the other');
      expect([one.client.channel('apps:created').users, other.client.channel('apps:created').users]).toEqual([0, 1]);
    });

    it('reports an invalid name, shows it as refused, and continues with the others', async () => {
      const { server, errors, mount } = begin();
      const component = await mount('channel', { channels: ['room:a b', 'apps:created'] });
      expect(text(component)).toBe('connected, refused, ada');
      expect(errors).toEqual(['invalid_channel']);
      expect([...server.open[0]!.subscriptions]).toEqual(['apps:created']);
      await component.set({ channels: ['apps:created'] });
      expect(text(component)).toBe('connected, subscribed, ada');
    });

    it('shows the members while they are known, and none of a former user or another channel', async () => {
      const { server, client, session, mount } = begin();
      const component = await mount('presence', { channels: ['rooms:lobby'] });
      const members = [{ userId: 'ada', connections: 1 }];
      const send = async (channel: string): Promise<void> => {
        server.send({ type: 'presence', channel, members, count: 1 });
        await pass();
      };
      expect(text(component)).toBe('undefined');
      await send('rooms:lobby');
      expect(text(component)).toBe('1');
      session.token = 'grace';
      await Promise.all([client.reauthenticate(), pass(1_000)]);
      const count = component.shown.lastIndexOf('1');
      expect(component.shown.slice(count + 1)).toContain('undefined');
      await send('rooms:lobby');
      await component.set({ channels: ['rooms:attic'] });
      expect(text(component)).toBe('undefined');
      await component.unmount();
      await pass();
      expect([...server.open[0]!.subscriptions]).toEqual([]);
    });

    it('shows a state to the members until the component is gone', async () => {
      const { requests, mount } = begin();
      const component = await mount('presence', { channels: ['rooms:lobby'] });
      const states = () =>
        requests('presence_update').map((request) => (request as { state?: string | null }).state ?? null);
      component.setState({ typing: true });
      await pass(200);
      await component.set({ tick: 1 });
      await pass(200);
      expect(states()).toEqual(['{"typing":true}']);
      await component.unmount();
      await pass(200);
      expect(states()).toEqual(['{"typing":true}', null]);
      expect(requests('unsubscribe')).toHaveLength(1);
    });

    it('counts the subscriptions of a channel', async () => {
      const server = new FakeRealtimeServer();
      const [one, other] = [begin({}, server), begin({}, server)];
      const component = await one.mount('occupancy');
      expect(text(component)).toBe('1');
      await other.mount('channel');
      await pass(1_000);
      expect(text(component)).toBe('2');
      await component.set({ channels: ['apps:updated'] });
      await pass();
      expect(text(component)).toBe('1');
    });

    it('shows kept events page by page, and none of a former user', async () => {
      const { server, client, session, requests, mount } = begin();
      for (const name of ['1', '2', '3', '4', '5']) server.publish('apps:created', app(name));
      const component = await mount('history', { limit: 2 });
      expect(text(component)).toBe('4 5 …');
      await component.set({ tick: 1 });
      component.loadMore();
      await pass();
      component.loadMore();
      await pass();
      expect(text(component)).toBe('1 2 3 4 5');
      expect(requests('history')).toHaveLength(3);
      expect(requests('subscribe')).toHaveLength(0);
      session.token = 'grace';
      await Promise.all([client.reauthenticate(), pass(1_000)]);
      expect(component.shown.slice(component.shown.indexOf('1 2 3 4 5') + 1)).toEqual(
        expect.arrayContaining(['', '4 5 …']),
      );
      expect(text(component)).toBe('4 5 …');
      await component.set({ enabled: false });
      expect(text(component)).toBe('');
    });

    it('shows the error of a load, and loads again on request', async () => {
      let isRefused = true;
      const { server, client, mount } = begin({ refuse: () => (isRefused ? 'forbidden' : null) });
      server.publish('apps:created', app('1'));
      client.connect();
      await pass();
      const component = await mount('history');
      expect(text(component)).toBe(' failed');
      isRefused = false;
      component.loadMore();
      await pass();
      expect(text(component)).toBe('1');
    });

    it('shows the state of a command, its error, and none of a former user', async () => {
      const held = deferred();
      const commands = {
        'bindings.rename': async ({ name }: { readonly name: string }) => {
          await held.promise;
          if (name === 'taken') throw Object.assign(new Error('taken'), { code: 'forbidden' });
          return { renamed: name };
        },
      };
      const { client, session, mount } = begin({ commands });
      client.connect();
      await pass();
      const component = await mount('command');
      expect(text(component)).toBe('idle null no error');
      component.rename('one');
      await pass();
      expect(text(component)).toBe('pending null no error');
      held.resolve();
      await pass();
      expect(text(component)).toBe('idle {"renamed":"one"} no error');
      component.rename('taken');
      await pass();
      expect(text(component)).toBe('error {"renamed":"one"} forbidden');
      session.token = 'grace';
      await Promise.all([client.reauthenticate(), pass(1_000)]);
      expect(text(component)).toBe('idle null no error');
      const other = begin({ commands });
      other.client.connect();
      await pass();
      await component.set({ client: other.client });
      component.rename('two');
      await pass();
      expect(text(component)).toBe('idle {"renamed":"two"} no error');
      expect(other.requests('call')).toHaveLength(1);
    });

    it('connects a client that a component owns when it is mounted, and closes it at its end', async () => {
      const { client, server, mount } = begin();
      const component = await mount('new client');
      expect([client.state, text(component)]).toEqual(['connected', 'connected']);
      await component.unmount();
      await pass();
      expect([client.state, server.connections.length]).toEqual(['closed', 1]);
    });

    it('shows an unconnected client on a server, and connects nothing', async () => {
      const { client, server } = begin();
      const html = await binding.renderOnServer({ client, channels: ['apps:created'] });
      await pass(1_000);
      expect(html).toContain('idle, unsubscribed, no user; ; undefined; null; ; loading null');
      expect([client.state, client.channel('apps:created').users, server.connections]).toEqual(['idle', 0, []]);
      client.connect();
      await pass();
      expect(await binding.renderOnServer({ client, channels: ['apps:created'] })).toBe(html);
      expect(client.channel('apps:created').users).toBe(0);
    });

    it('shows a live resource, once per frame, and unsubscribes at the end', async () => {
      const { server, requests, mount } = begin();
      server.states.set('boards:1', { count: 0 });
      server.states.set('boards:2', { other: true });
      const component = await mount('live', { channels: ['boards:1'] });
      const other = await mount('live', { channels: ['boards:1'] });
      expect([component.shown[0], text(component)]).toEqual(['loading null', 'live {"count":0}']);
      const before = component.shown.length;
      for (let count = 1; count <= 100; count += 1) server.states.patch('boards:1', { set: { '/count': count } });
      await pass(100);
      expect([text(component), text(other)]).toEqual(['live {"count":100}', 'live {"count":100}']);
      expect(component.shown.length - before).toBeLessThanOrEqual(2);
      for (let tick = 1; tick <= 3; tick += 1) await component.set({ tick });
      expect(requests('subscribe')).toHaveLength(1);
      await component.set({ channels: ['boards:2'] });
      await pass();
      expect([text(component), text(other)]).toEqual(['live {"other":true}', 'live {"count":100}']);
      await component.set({ enabled: false });
      await pass();
      expect([text(component), requests('unsubscribe')]).toMatchObject(['loading null', [{ channels: ['boards:2'] }]]);
      await component.set({ enabled: true, channels: ['not a channel'] });
      expect(text(component)).toBe('refused null invalid_channel');
      await other.unmount();
      await pass();
      expect(server.open.at(0)?.subscriptions.size).toBe(0);
    });

    it('shows a stale state during a break, and none of a former user', async () => {
      const { server, client, session, mount } = begin();
      server.states.set('boards:1', { count: 0 });
      const component = await mount('live', { channels: ['boards:1'] });
      server.isDown = true; // otherwise the client could reconnect at once
      server.cut();
      server.states.patch('boards:1', { set: { '/count': 1 } });
      await pass();
      expect(text(component)).toBe('stale {"count":0}');
      server.isDown = false;
      await pass(1_000);
      expect(text(component)).toBe('live {"count":1}');
      session.token = 'grace';
      server.isDown = true;
      await Promise.all([client.reauthenticate(), pass()]);
      expect(text(component)).toBe('loading null');
      server.isDown = false;
      await pass(1_000);
      expect(text(component)).toBe('live {"count":1}');
    });

    it('says what to do if no client is provided', () => {
      expect(() => binding.mountAlone()).toThrow(/^The realtime client is missing: call /);
    });
  });
}
