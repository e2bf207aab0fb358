import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { follow } from './index.js';

const app = (name: string) => ({ id: name, name });

describe('a channel without history', () => {
  const begin = virtualClients();

  it.each(['the connection', 'the subscription'])('reports a reset after a break of %s', async (what) => {
    const { client, server } = begin({}, { historySize: 0 });
    const channel = client.channel('apps:created');
    const resets: string[] = [];
    const recoveries: unknown[] = [];
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.on('state', ({ state, recovered }) => state === 'subscribed' && recoveries.push(recovered));
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    await pass();
    if (what === 'the connection') server.cut();
    server.open[0]?.subscriptions.clear();
    server.send({ type: 'unsubscribed', channel: 'apps:created', reason: 'unavailable' });
    server.publish('apps:created', app('lost'));
    await pass(10_000);
    expect(channel.state).toBe('subscribed');
    expect(resets).toEqual(['no_history']);
    expect(recoveries).toEqual([undefined, false]);
  });

  it('reports a reset after its listeners were behind', async () => {
    const { client, server } = begin({ maxWaitingEvents: 3 }, { historySize: 0 });
    const channel = client.channel('apps:created');
    const resets: string[] = [];
    const received: string[] = [];
    channel.on('event', async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      received.push(data.name);
    });
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe();
    await pass();
    for (let index = 0; index < 20; index += 1) {
      server.publish('apps:created', app(`${index}`));
      await pass(1);
    }
    await pass(2_000);
    expect(received.length).toBeLessThan(20);
    expect(new Set(resets)).toEqual(new Set(['no_history']));
  });

  it('starts without a reset, also for a later subscriber', async () => {
    const { client } = begin({}, { historySize: 0 });
    const channel = client.channel('apps:created');
    const resets: unknown[] = [];
    channel.on('reset', (reset) => void resets.push(reset));
    const leave = channel.subscribe();
    await pass();
    leave();
    await pass();
    channel.subscribe();
    await pass();
    expect(channel.state).toBe('subscribed');
    expect(resets).toEqual([]);
  });

  it('is reloaded by follow after a break', async () => {
    const { client, server } = begin({}, { historySize: 0 });
    const loaded: number[] = [];
    follow(client.channel('apps:created'), {
      load: () => Promise.resolve(loaded.length + 1),
      onLoad: (state) => void loaded.push(state),
      onEvent: () => undefined,
    });
    await pass();
    server.cut();
    server.publish('apps:created', app('lost'));
    await pass(2_000);
    expect(loaded).toEqual([1, 2]);
  });
});
