import { pass, virtualClients } from '../../test/support/virtual-client.js';
import type { ClientChannel } from './channel.js';
import { serverChannels } from './index.js';
import { addTargetFields } from './target-fields.js';

const user = { userId: 'ada', email: null, role: 'user' };

describe('fields of the request for a channel', () => {
  const begin = virtualClients();

  function start() {
    const { client, server } = begin({ token: 'ada' }, { identify: () => ({ user }) });
    const channel = client.channel('apps:created') as ClientChannel;
    const requests = () =>
      server.connections.flatMap(({ received }) =>
        received.flatMap((request) => (request.type === 'subscribe' ? request.targets : [])),
      );
    return { client, server, channel, requests };
  }

  it('are added while they are wanted, for this channel only', async () => {
    const { client, server, channel, requests } = start();
    const stop = addTargetFields(channel, () => ({ presence: true }));
    client.channel('apps:updated').subscribe();
    channel.subscribe();
    await pass();
    stop();
    server.cut();
    await pass(10_000);
    const presence = requests().map((target) => [target.channel, target.presence]);
    expect(presence).toEqual([
      ['apps:updated', undefined],
      ['apps:created', true],
      ['apps:updated', undefined],
      ['apps:created', undefined],
    ]);
  });

  it('replace those of the channel', async () => {
    const { channel, requests, server } = start();
    channel.subscribe();
    await pass();
    const targets: unknown[] = [];
    addTargetFields(channel, (target) => (targets.push({ ...target }), { lastEventId: undefined }));
    const lastEventId = server.publish('apps:created', { id: '1', name: 'shop' });
    await pass();
    server.cut();
    await pass(10_000);
    expect(targets).toMatchObject([{ lastEventId }]);
    expect(requests().at(-1)).toEqual({ channel: 'apps:created' });
  });

  it('survive that the server subscribes the channel, and leaves it', async () => {
    const { client, server, channel, requests } = start();
    const stop = serverChannels(client);
    client.connect();
    await pass();
    server.subscribe('ada', 'apps:created');
    await pass();
    addTargetFields(channel, () => ({ presence: true }));
    stop();
    channel.subscribe();
    await pass();
    server.cut();
    await pass(10_000);
    expect(requests().at(-1)).toMatchObject({ channel: 'apps:created', presence: true });
  });
});
