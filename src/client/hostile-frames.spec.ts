import { pass, virtualClients } from '../../test/support/virtual-client.js';
import type { FakeRealtimeServer } from '../testing/index.js';

const app = (name: string) => ({ id: name, name });
const stamp = '2026-01-01T00:00:00.000Z';

/** Sends a raw message to every connection. */
function sendText(server: FakeRealtimeServer, text: string): void {
  for (const connection of server.open) connection.sendText(text);
}

describe('an invalid frame', () => {
  const begin = virtualClients();

  it.each(['null', '42', '"text"', '[]', 'true', '{}', '{"type":7}', 'no JSON', ''])(
    'such as %s causes a reconnect and is reported',
    async (text) => {
      const { client, server, errors, changes } = begin();
      client.channel('apps:created').subscribe();
      await pass();
      sendText(server, text);
      await pass();
      expect(errors).toEqual(['invalid_frame']);
      expect(changes.at(-1)).toMatchObject({ state: 'waiting', code: 'lost', closeCode: 1007 });
      await pass(1_000);
      expect(client.channel('apps:created').state).toBe('subscribed');
    },
  );

  it.each([
    { type: 'event', channel: 'apps:created', data: 1, timestamp: stamp, id: 5 },
    { type: 'event', channel: 5, data: 1, timestamp: stamp },
    { type: 'event' },
    { type: 'event', channel: 'apps:created', timestamp: stamp },
    { type: 'subscribed' },
    { type: 'presence', channel: 'apps:created', members: null, count: 1 },
    { type: 'presence', channel: 'apps:created', members: [null], count: 1 },
    { type: 'presence', channel: 'apps:created', members: [{ userId: 7 }], count: 1 },
    { type: 'presence_diff', channel: 'apps:created', joined: {}, left: [] },
    { type: 'presence_diff', channel: 'apps:created', joined: [null], left: [] },
    { type: 'presence_diff', channel: 'apps:created', joined: [], left: [7] },
    { type: 'error', code: 5, message: 'x' },
    { type: 'reconnect', afterMs: 'soon' },
    { type: 'connected', user: null, authorizedChannels: 'all', heartbeatMs: 1 },
    { type: 'pong', ref: {} },
    { type: 'resync', channel: 'apps:created' },
  ])('with a wrong field is reported and ignored: %j', async (frame) => {
    const { client, server, errors } = begin();
    const received: string[] = [];
    client.channel('apps:created').on('event', ({ data }) => void received.push(data.name));
    client.channel('apps:created').subscribe();
    await pass();
    sendText(server, JSON.stringify(frame));
    server.publish('apps:created', app('next'));
    await pass();
    expect(errors).toEqual(['invalid_frame']);
    expect(received).toEqual(['next']);
    expect(server.connections).toHaveLength(1);
  });

  it('with a field nested too deeply for the stack is reported and ignored', async () => {
    const { client, server, errors } = begin();
    client.connect();
    await pass();
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    sendText(server, `{"type":"event","channel":${deep},"timestamp":"","data":1}`);
    sendText(server, `{"type":"pong","ref":${deep}}`);
    sendText(server, `{"type":"of the application","ref":${deep}}`);
    await pass();
    expect(errors).toEqual(['invalid_frame', 'invalid_frame', 'invalid_frame']);
    expect(client.state).toBe('connected');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'with the type %s is a message of unknown type',
    async (type) => {
      const { client, server, errors } = begin();
      client.channel('apps:created').subscribe();
      await pass();
      sendText(server, `{"type":"${type}","channel":"apps:created"}`);
      sendText(server, `{"type":"${type}"}`);
      await pass();
      expect(errors).toEqual([]);
      expect(client.state).toBe('connected');
    },
  );
});

describe('an invalid position', () => {
  const begin = virtualClients();

  it.each(['', '-', 'abc', 'x-1e400', 'E-1-2', 'x'.repeat(300)])(
    'of an event, such as "%.9s", does not prevent channels from resuming',
    async (id) => {
      const { client, server } = begin();
      const channels = [client.channel('apps:created'), client.channel('apps:deleted')];
      const received: unknown[] = [];
      channels[0]?.on('event', ({ data }) => void received.push(data));
      for (const channel of channels) channel.subscribe();
      await pass();
      sendText(server, JSON.stringify({ type: 'event', channel: 'apps:created', data: 1, timestamp: stamp, id }));
      server.cut();
      await pass(2_000);
      expect(received).toEqual([1]);
      expect(channels.map(({ state }) => state)).toEqual(['subscribed', 'subscribed']);
    },
  );

  it.each<unknown>(['x'.repeat(300), 'undefined', '', 42, {}])(
    'in `after`, such as %p, is reported by a reset, and the other channels are subscribed',
    async (after) => {
      const { client } = begin();
      const channels = [client.channel('apps:created'), client.channel('apps:deleted')];
      const resets: string[] = [];
      channels[0]?.on('reset', ({ reason }) => void resets.push(reason));
      channels[0]?.subscribe({ after: after as string });
      channels[1]?.subscribe();
      await pass(1_000);
      expect(channels.map(({ state }) => state)).toEqual(['subscribed', 'subscribed']);
      expect(resets).toEqual(['unknown_epoch']);
    },
  );

  it('null in `after`, as a store may return, means no position', async () => {
    const { client } = begin();
    const resets: unknown[] = [];
    client.channel('apps:created').on('reset', (reset) => void resets.push(reset));
    client.channel('apps:created').subscribe({ after: null as never });
    await pass(1_000);
    expect(client.channel('apps:created').state).toBe('subscribed');
    expect(resets).toEqual([]);
  });
});

describe('a number from the server', () => {
  const begin = virtualClients();

  it.each([2.5e9, -5, Number.MAX_SAFE_INTEGER, 0])('afterMs %d causes no loop', async (afterMs) => {
    const { client, server } = begin();
    client.connect();
    for (let round = 0; round < 20; round += 1) {
      await pass(500);
      server.send({ type: 'reconnect', afterMs });
      server.close(1012, 'restarting');
    }
    await pass(10_000);
    expect(server.connections.length).toBeLessThan(22);
    expect(client.change.retryInMs ?? 0).toBeLessThanOrEqual(3_600_000);
  });

  it.each([0, -1, 1e12, 0.001])('heartbeatMs %d neither floods nor ends the connection', async (heartbeatMs) => {
    const { client, server } = begin({}, { heartbeatMs });
    client.connect();
    await pass(60_000);
    expect(server.connections).toHaveLength(1);
    expect(server.connections[0]?.received.length).toBeLessThan(130);
  });
});
