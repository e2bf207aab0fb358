import { FakeBrowser } from '../../../test/support/fake-browser.js';
import { FakeRealtimeServer } from '../../testing/index.js';
import { createRealtimeClient, subscribed, type RealtimeClient } from '../index.js';
import { shareIn } from './shared-web-socket.js';

const settle = async (): Promise<void> => {
  for (let step = 0; step < 50; step += 1) await Promise.resolve();
};

describe('an invalid frame on the connection of all tabs', () => {
  const clients: RealtimeClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  async function tab(browser: FakeBrowser, server: FakeRealtimeServer) {
    const WebSocket = shareIn(browser.world(server), 'test');
    const client = createRealtimeClient({ url: 'ws://fake/ws', token: 'ada', WebSocket, minDelayMs: 1 });
    clients.push(client);
    const channel = client.channel('apps:created');
    const received: string[] = [];
    const errors: string[] = [];
    channel.on('event', ({ data }) => void received.push(data.name));
    client.on('error', ({ code }) => errors.push(code));
    channel.subscribe();
    await subscribed(channel);
    return { client, channel, received, errors };
  }

  it.each([
    '{"type":"event","channel":"apps:created","data":1,"timestamp":"","id":5}',
    '{"type":"event","channel":7,"data":1,"timestamp":""}',
    '{"type":"subscribed","ref":"h1"}',
    '{"type":"authenticated","authorizedChannels":null,"timestamp":""}',
    '{"type":"connected"}',
    '{"type":"error","code":5}',
  ])('is reported in each tab and ignored: %s', async (text) => {
    const [browser, server] = [new FakeBrowser(), new FakeRealtimeServer({ channels: ['apps:created'] })];
    const tabs = [await tab(browser, server), await tab(browser, server)];
    server.open.at(0)?.sendText(text);
    server.publish('apps:created', { id: '1', name: 'next' });
    await settle();
    expect(tabs.map(({ errors }) => errors)).toEqual([['invalid_frame'], ['invalid_frame']]);
    expect(tabs.map(({ received }) => received)).toEqual([['next'], ['next']]);
    expect(server.connections).toHaveLength(1);
  });

  it.each(['null', '7', '[]', 'no JSON', '{"type":null}'])(
    'such as %s is reported in each tab, and each tab reconnects',
    async (text) => {
      const [browser, server] = [new FakeBrowser(), new FakeRealtimeServer({ channels: ['apps:created'] })];
      const tabs = [await tab(browser, server), await tab(browser, server)];
      server.open.at(0)?.sendText(text);
      await settle();
      expect(tabs.map(({ errors }) => errors)).toEqual([['invalid_frame'], ['invalid_frame']]);
      await Promise.all(tabs.map(({ channel }) => subscribed(channel)));
      server.publish('apps:created', { id: '1', name: 'next' });
      await settle();
      expect(tabs.map(({ received }) => received)).toEqual([['next'], ['next']]);
    },
  );

  it.each(['__proto__', 'constructor', 'toString'])('with the type %s is a message of unknown type', async (type) => {
    const [browser, server] = [new FakeBrowser(), new FakeRealtimeServer({ channels: ['apps:created'] })];
    const tabs = [await tab(browser, server), await tab(browser, server)];
    server.open.at(0)?.sendText(`{"type":"${type}","channel":"apps:created"}`);
    server.open.at(0)?.sendText(`{"type":"${type}","ref":"${type}"}`);
    await settle();
    expect(tabs.flatMap(({ errors }) => errors)).toEqual([]);
    expect(tabs.map(({ client }) => client.state)).toEqual(['connected', 'connected']);
  });
});
