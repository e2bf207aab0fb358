import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import {
  createRealtimeClient,
  events,
  subscribed,
  viaHeader,
  viaQuery,
  viaSubprotocol,
  type RealtimeClient,
  type RealtimeClientOptions,
} from '../../src/client/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { secondsFromNow, signToken } from '../support/jwt.js';
import { within } from '../support/within.js';

describe('the client, against the module', () => {
  let app: RealtimeApp;
  const clients: RealtimeClient[] = [];

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => app.close());

  function make(options: Partial<RealtimeClientOptions> = {}): RealtimeClient {
    const client = createRealtimeClient({ url: app.url, WebSocket, minDelayMs: 20, ...options });
    clients.push(client);
    return client;
  }

  /** Resolves once the client is in this state. */
  function reached(client: RealtimeClient, state: RealtimeClient['state']): Promise<void> {
    const arrived = new Promise<void>((resolve) => {
      if (client.state === state) resolve();
      else client.on('state', (change) => change.state === state && resolve());
    });
    return within(5_000, () => `${state}; it is ${JSON.stringify(client.change)}`, arrived);
  }

  it('requests another token at once if its WebSocket reports a 401', async () => {
    const refused = 'a token that is refused at the upgrade';
    for (let count = 0; count < 10; count += 1)
      await (await app.connect({ token: refused }).catch(() => null))?.close();
    const given: string[] = [];
    const good = signToken({ sub: 'renewed' });
    const getToken = (): string => {
      given.push(given.length === 0 ? refused : good);
      return given.at(-1)!;
    };
    const client = make({ getToken, tokenVia: viaQuery });
    const failures: unknown[] = [];
    client.on('state', ({ state, reason }) => state === 'waiting' && failures.push(reason));
    client.connect();
    await reached(client, 'connected');
    expect(failures).toEqual(['HTTP 401']);
    expect(given).toEqual([refused, good]);
    expect(client.identity?.user?.userId).toBe('renewed');
  });

  it('connects, sends its token in band, subscribes, and receives events', async () => {
    const client = make({ token: signToken({ sub: 'u1' }) });
    const channel = client.channel('apps:created');
    const received: string[] = [];
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.subscribe();
    await subscribed(channel);
    expect(client.identity?.user?.userId).toBe('u1');
    for (const name of ['one', 'two']) await app.events.emit('apps:created', { id: '1', name });
    await client.request({ type: 'ping' }); // the reply arrives after all earlier frames
    const iterated: unknown[] = [];
    setImmediate(() => void app.events.emit('apps:created', { id: '2', name: 'three' }));
    for await (const event of events(channel)) {
      iterated.push(event.data);
      break;
    }
    expect(received).toEqual(['one', 'two', 'three']);
    expect(iterated).toEqual([{ id: '2', name: 'three' }]);
  });

  it.each([
    ['the query', viaQuery],
    ['the subprotocol', viaSubprotocol],
    ['the header', viaHeader],
  ])('sends its token with %s', async (_, tokenVia) => {
    const client = make({ getToken: () => Promise.resolve(signToken({ sub: 'traveller' })), tokenVia });
    client.connect();
    await reached(client, 'connected');
    expect(client.identity?.user?.userId).toBe('traveller');
  });

  it('resumes after its connection broke, and receives each event once', async () => {
    const client = make({ token: signToken({ sub: 'broken' }) });
    const channel = client.channel('apps:updated');
    const received: string[] = [];
    channel.on('event', ({ data }) => void received.push(data.name));
    channel.subscribe();
    await subscribed(channel);
    await app.events.emit('apps:updated', { id: '1', name: 'before' });
    const [connection] = app.registry.ofUser('broken');
    connection!.transport.terminate();
    await reached(client, 'waiting');
    await app.events.emit('apps:updated', { id: '1', name: 'meanwhile' });
    const recovered = new Promise((resolve) => void channel.on('state', (change) => resolve(change.recovered)));
    expect(await recovered).toBe(true);
    await app.events.emit('apps:updated', { id: '1', name: 'after' });
    await client.request({ type: 'ping' });
    expect(received).toEqual(['before', 'meanwhile', 'after']);
  });

  it('requests another token before its token expires, without a new connection', async () => {
    let got = 0;
    const client = make({
      getToken: () => {
        got += 1;
        return signToken({ sub: 'renewing', exp: secondsFromNow(got === 1 ? 2 : 3600) });
      },
    });
    client.connect();
    await reached(client, 'connected');
    const [connection] = app.registry.ofUser('renewing');
    await within(5_000, 'a renewal', new Promise<void>((resolve) => void client.on('identity', () => resolve())));
    expect(got).toBe(2);
    expect([...app.registry.ofUser('renewing')]).toEqual([connection]);
  });

  it('does not reconnect with an expired token that cannot be replaced', async () => {
    const client = make({ token: signToken({ sub: 'u1', exp: secondsFromNow(-60) }) });
    client.connect();
    await reached(client, 'closed');
    expect(client.change).toMatchObject({ code: 'refused', reason: 'The token has expired' });
  });

  const hour = 3_600_000;
  const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toUTCString();
  it.each<[string, () => Readonly<Record<string, string>>, number, number]>([
    ['seconds', () => ({ 'Retry-After': '7' }), 7_000, 8_000],
    ['a month', () => ({ 'Retry-After': '2592000' }), hour, hour],
    ['more than a number can hold', () => ({ 'Retry-After': '9'.repeat(400) }), hour, hour],
    ['a date', () => ({ 'Retry-After': inSeconds(60) }), 50_000, 61_000],
    [
      'a date by a clock that is a day ahead',
      () => ({ 'Retry-After': inSeconds(86_460), Date: inSeconds(86_400) }),
      59_000,
      62_000,
    ],
    [
      'a date by a clock that is a day behind',
      () => ({ 'Retry-After': inSeconds(-86_340), Date: inSeconds(-86_400) }),
      59_000,
      62_000,
    ],
    ['a date in the past', () => ({ 'Retry-After': inSeconds(-60) }), 0, 1_000],
    ['negative seconds', () => ({ 'Retry-After': '-7' }), 0, 1_000],
    ['a word', () => ({ 'Retry-After': 'soon' }), 0, 1_000],
    ['nothing', () => ({}), 0, 1_000],
  ])('reconnects after the time in `Retry-After` if its WebSocket reports it: %s', async (_, headers, from, to) => {
    const full = createServer();
    const lines = Object.entries(headers()).map(([name, value]) => `${name}: ${value}\r\n`);
    full.on('upgrade', (_request, socket) =>
      socket.end(`HTTP/1.1 503 Service Unavailable\r\n${lines.join('')}Connection: close\r\n\r\n`),
    );
    full.listen(0, '127.0.0.1');
    await once(full, 'listening');
    const { port } = full.address() as AddressInfo;
    try {
      const client = make({ url: `ws://127.0.0.1:${port}/ws`, minDelayMs: 1_000, maxDelayMs: 1_000 });
      client.connect();
      await reached(client, 'waiting');
      const { code, reason, retryInMs } = client.change;
      expect([code, reason]).toEqual(['unreachable', 'HTTP 503']);
      expect(retryInMs).toBeGreaterThanOrEqual(from);
      expect(retryInMs).toBeLessThanOrEqual(to);
    } finally {
      full.close();
    }
  });

  it('reports a wrong address with the HTTP status, and retries', async () => {
    const client = make({ url: app.url.replace(/\/ws$/, '/wrong') });
    const errors: string[] = [];
    client.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
    client.connect();
    await reached(client, 'waiting');
    expect(errors).toEqual([`unreachable: No connection to ${app.url.replace(/\/ws$/, '/wrong')}: HTTP 404`]);
    await reached(client, 'connecting');
    expect(errors).toHaveLength(1);
  });

  it('reports the refusal of a channel with the error of the server, and its iteration throws', async () => {
    const client = make({ token: signToken() });
    const iterate = async (): Promise<void> => {
      for await (const event of events(client.channel('system:health')))
        throw new Error(`It received ${JSON.stringify(event)}`);
    };
    await expect(iterate()).rejects.toMatchObject({ code: 'forbidden', channel: 'system:health' });
    expect(client.channel('system:health').state).toBe('unsubscribed');
  });
});
