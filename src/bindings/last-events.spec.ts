import { createRealtimeClient } from '../client/index.js';
import { FakeRealtimeServer } from '../testing/index.js';
import { lastEvents } from './last-events.js';

it.each(['throws', 'rejects'])(
  'delivers all last events to a listener that %s, and reports each error',
  async (how) => {
    const server = new FakeRealtimeServer();
    const publisher = server as unknown as { publish(channel: string, data: unknown): void };
    for (const name of ['a', 'b']) publisher.publish('user:u1', name);
    const client = createRealtimeClient({ url: 'ws://fake/ws', WebSocket: server.WebSocket });
    const errors: unknown[] = [];
    client.on('error', (error) => void errors.push(error));
    const channel = client.channel<string>('user:u1');
    channel.subscribe();
    client.connect();
    const seen: unknown[] = [];
    const both = new Promise<void>((resolve) => {
      const last = lastEvents(client, channel, 2, ({ data }) => {
        seen.push(data);
        if (seen.length === 2) resolve();
        if (how === 'throws') throw new Error('of the test');
        return Promise.reject(new Error('of the test'));
      });
      last.load();
    });
    await both;
    await new Promise(setImmediate);
    expect(seen).toEqual(['a', 'b']);
    expect(errors).toHaveLength(2);
    client.close();
  },
);
