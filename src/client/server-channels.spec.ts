import { pass, virtualClients } from '../../test/support/virtual-client.js';
import type { FakeServerOptions } from '../testing/index.js';
import { serverChannels, type Channel } from './index.js';

const user = { userId: 'ada', email: null, role: 'user' };
const CHANNEL = 'apps:created';

describe('a channel to which the server subscribed the client', () => {
  const begin = virtualClients();

  function start(automatic: readonly string[] = [CHANNEL], options: FakeServerOptions = {}) {
    const list = [...automatic];
    const served = { autoSubscribe: () => list, identify: () => ({ user }), ...options };
    const { client, server, errors } = begin({ token: 'ada' }, served);
    const channels: Channel[] = [];
    const arrived: unknown[] = [];
    const stop = serverChannels(client, (one) => {
      channels.push(one);
      one.on('event', ({ data }) => void arrived.push(data));
    });
    const channel = client.channel(CHANNEL);
    const seen: string[] = [];
    channel.on('event', ({ data }) => void seen.push(data.name));
    channel.on('reset', ({ reason }) => void seen.push(reason));
    const publish = (...names: string[]) => names.forEach((id) => void server.publish(CHANNEL, { id, name: id }));
    const requests = () => server.connections.at(-1)!.received.filter(({ type }) => /subscribe/.test(type));
    return { client, server, channel, seen, publish, requests, list, errors, channels, arrived, stop };
  }

  it('has events without a subscribe of the application, and sends no request', async () => {
    const { client, channel, seen, publish, requests } = start();
    publish('before');
    client.connect();
    await pass();
    publish('one', 'two');
    await pass();
    expect(seen).toEqual(['one', 'two']);
    expect([channel.state, channel.users, requests()]).toEqual(['subscribed', 1, []]);
  });

  it('is reported to the application, with all its events, also if it was not known', async () => {
    const { client, server, channels, arrived } = start([]);
    client.connect();
    await pass();
    server.subscribe('ada', 'users:created');
    server.publish('users:created', { id: '1', email: 'a@b.c' });
    await pass();
    expect(channels.map(({ name }) => name)).toEqual(['users:created']);
    expect(channels[0]).toBe(client.channel('users:created'));
    expect(arrived).toHaveLength(1);
  });

  it('loses and doubles nothing over a break, and sends a request only if it missed events', async () => {
    const { client, server, seen, publish, requests, channel } = start();
    client.connect();
    await pass();
    publish('one');
    await pass();
    server.cut();
    await pass();
    expect(channel.state).toBe('subscribing');
    await pass(10_000);
    expect([channel.state, requests()]).toEqual(['subscribed', []]);
    server.cut();
    publish('two', 'three');
    await pass(10_000);
    publish('four');
    await pass();
    expect(seen).toEqual(['one', 'two', 'three', 'four']);
    expect(requests()).toMatchObject([{ type: 'subscribe', targets: [{ channel: CHANNEL }] }]);
  });

  it('keeps events that wait for an asynchronous listener over a break, and passes each once', async () => {
    const { client, server, channel, publish } = start();
    const handled: string[] = [];
    let release: () => void = () => undefined;
    channel.on('event', async ({ data }) => {
      handled.push(data.name);
      await new Promise<void>((resolve) => (release = resolve));
    });
    client.connect();
    await pass();
    publish('one', 'two');
    await pass();
    server.cut();
    publish('three');
    await pass(10_000);
    for (let step = 0; step < 3; step += 1) {
      release();
      await pass();
    }
    expect(handled).toEqual(['one', 'two', 'three']);
  });

  it('raises a reset after a break if it cannot resume, and on a channel without history', async () => {
    const { client, server, seen, publish } = start();
    client.connect();
    await pass();
    publish('one');
    await pass();
    server.cut();
    server.forget(CHANNEL);
    publish('lost');
    await pass(10_000);
    expect(seen).toEqual(['one', 'unknown_epoch']);
    const bare = start([CHANNEL], { historySize: 0 });
    bare.client.connect();
    await pass();
    bare.server.cut();
    await pass(10_000);
    expect(bare.seen).toEqual(['no_history']);
  });

  it('stays for the application when a subscriber leaves, and is left when the server ends it', async () => {
    const { client, server, channel, seen, publish, requests } = start();
    client.connect();
    await pass();
    const leave = channel.subscribe();
    await pass();
    leave();
    await pass();
    publish('one');
    await pass();
    expect(seen).toEqual(['one']);
    expect(requests().map(({ type }) => type)).toEqual([]);
    const changes: string[] = [];
    channel.on('state', ({ state, reason }) => changes.push(`${state} ${reason}`));
    server.unsubscribe('ada', CHANNEL);
    await pass();
    expect(changes).toEqual(['refused by_server', 'unsubscribed unsubscribe']);
    expect(channel.users).toBe(0);
    publish('unseen');
    await pass();
    expect(seen).toEqual(['one']);
  });

  it('is not requested by the client after a break if the server does not subscribe it any more', async () => {
    const { client, server, channel, list, requests } = start();
    client.connect();
    await pass();
    server.cut();
    list.splice(0);
    await pass(5_000);
    expect([client.state, channel.state]).toEqual(['connected', 'subscribing']);
    await pass(10_000);
    expect([channel.state, channel.users, requests()]).toEqual(['unsubscribed', 0, []]);
    channel.subscribe();
    await pass();
    expect(channel.state).toBe('subscribed');
  });

  it('is one subscription if the application subscribes too, which resumes with its own request', async () => {
    const { client, server, channel, seen, publish } = start();
    channel.subscribe();
    await pass();
    publish('one');
    await pass();
    server.cut();
    publish('two');
    await pass(10_000);
    publish('three');
    await pass();
    expect(seen).toEqual(['one', 'two', 'three']);
    expect(client.state).toBe('connected');
  });

  it('starts again for another user', async () => {
    let userId = 'ada';
    const { client, server, seen, publish } = start([CHANNEL], {
      identify: () => ({ user: { ...user, userId } }),
    });
    client.connect();
    await pass();
    publish('one');
    await pass();
    server.cut();
    userId = 'bob';
    publish('of ada');
    await pass(10_000);
    publish('of bob');
    await pass();
    expect(seen).toEqual(['one', 'other_user', 'of bob']);
  });

  it('is left when the application does not accept such channels any more, unless it subscribes itself', async () => {
    const { client, channel, seen, publish, stop, requests } = start([CHANNEL, 'apps:updated']);
    client.connect();
    await pass();
    channel.subscribe();
    stop();
    await pass();
    publish('one');
    await pass();
    expect(seen).toEqual(['one']);
    expect(client.channel('apps:updated').state).toBe('unsubscribed');
    expect(requests()).toMatchObject([{ type: 'unsubscribe', channels: ['apps:updated'] }]);
  });

  it('ignores a name that is not a channel', async () => {
    const { client, server, errors, channels } = start([]);
    client.connect();
    await pass();
    server.send({ type: 'subscribed', channel: 'no name', server: true });
    await pass();
    expect([client.state, errors, channels]).toEqual(['connected', [], []]);
  });
});
