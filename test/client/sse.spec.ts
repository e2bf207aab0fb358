import { WebSocket } from 'ws';
import {
  createRealtimeClient,
  subscribed,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '../../src/client/index.js';

import { sse } from '../../src/client/sse/index.js';
import { ERROR_CODES } from '../../src/protocol/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { BlockingProxy } from '../support/blocking-proxy.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { until } from '../support/until.js';
import { within } from '../support/within.js';

/** Less than the time limit of a WebSocket, in milliseconds. How much less is measured without a busy machine, in `fallback.spec.ts`. */
const SOON_MS = 9_000;

describe('a client that can stream, against the module', () => {
  let app: RealtimeApp;
  let proxy: BlockingProxy;
  const clients: RealtimeClient[] = [];

  beforeAll(async () => {
    app = await RealtimeApp.start({ history: { size: 10_000, ttlMs: 60_000 } });
    proxy = await BlockingProxy.start(app.port);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    proxy.set('webSocket', 'pass');
    proxy.set('stream', 'pass');
  });
  afterAll(async () => {
    await proxy.close();
    await app.close();
  });

  function make(options: Partial<RealtimeClientOptions> = {}): RealtimeClient {
    const url = `ws://127.0.0.1:${proxy.port}/ws`;
    const client = createRealtimeClient({ url, WebSocket, transports: ['websocket', sse()], ...options });
    clients.push(client);
    return client;
  }

  /** Subscribes, and collects the names of apps. */
  function collect(client: RealtimeClient) {
    const channel = client.channel('apps:created');
    const received: string[] = [];
    const resets: string[] = [];
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.on('reset', ({ reason }) => void resets.push(reason));
    channel.subscribe();
    return { received, resets, channel };
  }

  const emit = (name: string): Promise<unknown> => app.events.emit('apps:created', { id: '1', name });

  it.each(['refuse', 'swallow'] as const)(
    'receives events before a WebSocket times out if a proxy %ss them',
    async (treatment) => {
      proxy.set('webSocket', treatment);
      const startedAt = performance.now();
      const client = make({ token: signToken({ sub: 'blocked' }) });
      const { received, channel } = collect(client);
      await within(SOON_MS, () => `a subscription; it is ${JSON.stringify(client.change)}`, subscribed(channel));
      await emit('one');
      await until(() => received.length === 1);
      expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
      expect(client.transport).toBe('sse');
      expect(client.identity?.user?.userId).toBe('blocked');
    },
  );

  it('loses and repeats nothing while the transport changes under 200 events a second', async () => {
    const client = make({
      token: signToken({ sub: 'moving' }),
      minDelayMs: 10,
      maxDelayMs: 100,
      timeoutMs: 500,
      transports: ['websocket', sse({ retryWebSocketMs: 50 })],
    });
    const { received, resets, channel } = collect(client);
    const used: unknown[] = [];
    client.on('state', ({ transport }) => transport && used.push(transport));
    await subscribed(channel);
    const sent: string[] = [];
    const emitter = setInterval(() => {
      sent.push(String(sent.length));
      void emit(sent.at(-1)!);
    }, 5);
    for (let round = 0; round < 6; round += 1) {
      proxy.set('webSocket', round % 2 === 0 ? 'refuse' : 'swallow');
      await until(() => client.transport === 'sse');
      proxy.cut('stream');
      await until(() => client.transport === 'sse');
      proxy.set('webSocket', 'pass');
      await until(() => client.transport === 'websocket');
    }
    await until(() => sent.length > 500); // a busy machine emits fewer in the time of the rounds
    clearInterval(emitter);
    await until(() => received.length >= sent.length);
    await client.request({ type: 'ping' });
    expect(received).toEqual(sent);
    expect(resets).toEqual([]);
    expect(used.filter((transport, index) => transport !== used[index - 1]).length).toBeGreaterThan(12);
  }, 60_000);

  it('stops if its fixed token has expired, and reports the reason', async () => {
    const client = make({ transports: [sse()], token: signToken({ sub: 'late', exp: secondsFromNow(-10) }) });
    client.connect();
    await until(() => client.state === 'closed');
    expect(client.change).toMatchObject({ code: 'refused', reason: ERROR_CODES.token_expired.message });
  });

  it('only streams, renews its token, answers requests, and is closed when its user is disconnected', async () => {
    let tokens = 0;
    const getToken = (): string =>
      signToken({ sub: 'streaming', exp: secondsFromNow((tokens += 1) === 1 ? 3 : 3_600) });
    const client = make({ transports: [sse()], getToken });
    const { received, channel } = collect(client);
    await subscribed(channel);
    const [connection] = app.registry.ofUser('streaming');
    expect(await client.request({ type: 'list_channels' })).toMatchObject({ subscribed: ['apps:created'] });
    await new Promise<void>((resolve) => void client.on('identity', () => resolve()));
    expect(tokens).toBe(2);
    await emit('renewed');
    await until(() => received.length === 1);
    expect([...app.registry.ofUser('streaming')]).toEqual([connection]);
    const closed = new Promise<unknown>((resolve) => void client.on('state', resolve));
    connection!.close('accessRevoked');
    expect(await closed).toMatchObject({ state: 'closed', code: 'refused', closeCode: 4403 });
    expect(proxy.requests.webSocket).toBeGreaterThan(0);
  });
});
