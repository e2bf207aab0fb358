import { pass, virtualClients } from '../../test/support/virtual-client.js';
import { subscribed } from './index.js';

describe('subscribed', () => {
  const begin = virtualClients();

  it('rejects when the client is closed', async () => {
    const { client, server } = begin();
    server.isDown = true;
    const channel = client.channel('apps:created');
    channel.subscribe();
    const done = subscribed(channel);
    await pass(10);
    client.close();
    await expect(done).rejects.toMatchObject({ code: 'not_connected', channel: 'apps:created' });
  });
});
