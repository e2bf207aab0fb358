import { deferred, pass, virtualClients } from '../../test/support/virtual-client.js';

const app = (name: string) => ({ id: name, name });

describe('an asynchronous listener', () => {
  const begin = virtualClients();

  it('of once delays lastEventId until it is done, and is called once', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const busy = deferred();
    const received: string[] = [];
    channel.once('event', ({ data }) => {
      received.push(data.name);
      return busy.promise;
    });
    channel.subscribe();
    await pass();
    const before = channel.lastEventId;
    server.publish('apps:created', app('one'));
    server.publish('apps:created', app('two'));
    await pass();
    expect(channel.lastEventId).toBe(before);
    busy.resolve();
    await pass();
    expect(channel.lastEventId).toMatch(/-2$/);
    expect(received).toEqual(['one']);
  });

  it('of once is removed if it rejects or throws, and its error is uncaught', async () => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    channel.once('event', () => Promise.reject(new Error('rejected')));
    channel.once('event', () => {
      throw new Error('thrown');
    });
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    await expect(pass(1)).rejects.toThrow(/thrown|rejected/);
    server.publish('apps:created', app('two'));
    await pass(1);
    expect(channel.lastEventId).toMatch(/-2$/);
  });

  it.each([
    ['returns nothing', () => undefined],
    ['returns a number', (done: () => void) => (done(), 5)],
  ])('can return a promise of another library, whose `then` %s', async (_, then) => {
    const { client, server } = begin();
    const channel = client.channel('apps:created');
    const received: string[] = [];
    channel.on('event', ({ data }) => {
      received.push(data.name);
      return { then };
    });
    channel.on('reset', () => ({ then }));
    channel.subscribe();
    await pass();
    server.publish('apps:created', app('one'));
    server.send({ type: 'resync', channel: 'apps:created', reason: 'expired' });
    await pass();
    expect(received).toEqual(['one']);
    expect(client.state).toBe('connected');
  });

  it('does not affect the client if `debug` throws', async () => {
    let isThrowing = true;
    const { client, server } = begin({
      debug: () => {
        if (isThrowing) throw new Error('in debug');
      },
    });
    client.channel('apps:created').subscribe();
    const errors: unknown[] = [];
    for (let step = 0; step < 50; step += 1) await pass(1).catch((error: unknown) => errors.push(error));
    expect(client.channel('apps:created').state).toBe('subscribed');
    expect(server.connections).toHaveLength(1);
    expect(errors).toContainEqual(new Error('in debug'));
    isThrowing = false;
  });
});
