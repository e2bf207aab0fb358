import { pass, virtualClients } from '../../test/support/virtual-client.js';

describe('the connectionId of a client', () => {
  const begin = virtualClients();

  it('is that of its first connection, and is sent with each subscribe', async () => {
    const { client, server } = begin({ getToken: () => 'ada' });
    expect(client.connectionId).toBeUndefined();
    client.channel('apps:created').subscribe();
    await pass();
    const first = client.connectionId;
    expect(first).toBe(server.open[0]?.id);
    server.cut();
    await pass(5_000);
    const second = server.open[0];
    expect(second?.id).not.toBe(first);
    expect(client.connectionId).toBe(first);
    client.channel('apps:updated').subscribe();
    await pass();
    const subscribes = second?.received.filter(({ type }) => type === 'subscribe') ?? [];
    expect(subscribes.map((frame) => 'connectionId' in frame && frame.connectionId)).toEqual([first, first]);
    client.close();
    expect(client.connectionId).toBe(first);
  });

  it('is that of the connection, also if it was anonymous before the token was sent', async () => {
    const { client, server } = begin({ getToken: () => 'ada' }, { anonymous: true });
    client.connect();
    await pass();
    expect(client.identity?.user?.userId).toBe('ada');
    expect(client.connectionId).toBe(server.open[0]?.id);
  });

  it('keeps the events away that the fake server publishes without it, live and after a break', async () => {
    const { client, server } = begin({ getToken: () => 'ada' });
    const names: string[] = [];
    client.channel('apps:created').on('event', ({ data }) => void names.push(data.name));
    client.channel('apps:created').subscribe();
    await pass();
    const except = client.connectionId;
    const publish = (name: string, options = {}) => server.publish('apps:created', { id: '1', name }, options);
    publish('before');
    publish('mine', { except });
    await pass();
    server.cut();
    publish('mine, too', { except });
    publish('of another', { except: 'another' });
    await pass(5_000);
    publish('mine again', { except });
    publish('after');
    await pass();
    expect(names).toEqual(['before', 'of another', 'after']);
  });
});
