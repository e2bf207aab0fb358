import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { encodeFrame, PING, PONG, RawWebSocket, TEXT } from '../../../test/realtime/support/raw-web-socket.js';
import { RealtimeApp } from '../../../test/realtime/support/realtime-app.js';
import { signToken } from '../../../test/support/jwt.js';
import { TcpClient, upgradeRequest } from '../../../test/support/tcp.js';
import { until } from '../../../test/support/until.js';
import { connect } from '../../../test/support/ws-client.js';
import { AuthService } from '../auth/auth.service.js';
import type { Connection } from '../connections/connection.js';
import { Counters } from '../observability/counters.js';

describe('RealtimeServer', () => {
  let app: RealtimeApp;
  let counters: Counters;
  let auth: AuthService;
  const identifyClient = Reflect.get(AuthService.prototype, 'identifyClient');

  beforeAll(async () => {
    app = await RealtimeApp.start({ handshakeTimeoutMs: 1_000 });
    counters = app.app.get(Counters);
    auth = app.app.get(AuthService);
  });
  afterEach(() => {
    auth.identifyClient = identifyClient;
  });
  afterAll(() => app.close());

  const raw = async (port = app.port): Promise<TcpClient> => {
    const client = await TcpClient.connect(port);
    client.send(upgradeRequest());
    return client;
  };

  it('answers a refused token with an error over the WebSocket, and counts it', async () => {
    const before = [counters.handshakes.get('token_invalid'), counters.errorsSent.get('token_invalid')] as const;
    const client = await app.connect({ token: 'rubbish' });
    expect(await client.whenClosed()).toEqual({ code: 4401, reason: 'no valid token' });
    expect(client.frames).toEqual([
      { type: 'error', code: 'token_invalid', message: expect.any(String), timestamp: expect.any(String) },
    ]);
    const after = [counters.handshakes.get('token_invalid'), counters.errorsSent.get('token_invalid')];
    expect(after).toEqual(before.map((count) => count + 1));
    expect(app.log.lines.some((line) => line.includes('A handshake was refused code=token_invalid'))).toBe(true);
  });

  it('answers a request that is no handshake', async () => {
    const client = await TcpClient.connect(app.port);
    client.send(upgradeRequest({ headers: { 'Sec-WebSocket-Version': '7' } }));
    expect(await client.untilClosed()).toMatch(
      /^HTTP\/1\.1 426 [^]*Sec-WebSocket-Version: 13\r\n[^]*instead of "7"\.$/,
    );
  });

  it('refuses a client whose authentication takes too long, and says so once in the log', async () => {
    auth.identifyClient = () => new Promise(() => undefined);
    const before = counters.handshakes.get('timed_out');
    for (const client of [await raw(), await raw()]) {
      expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    }
    expect(counters.handshakes.get('timed_out')).toBe(before + 2);
    expect(app.log.lines.filter((line) => line.includes('New clients are refused'))).toEqual([
      expect.stringContaining(
        'warn: New clients are refused with 503 Service Unavailable: authenticating the client took too long (handshakeTimeoutMs)',
      ),
    ]);
  });

  it('opens no connection for a client that is gone before it is authenticated', async () => {
    let asked = (): void => undefined;
    const asking = new Promise<void>((resolve) => (asked = resolve));
    let answer = (): void => undefined;
    auth.identifyClient = () => {
      asked();
      return new Promise((resolve) => (answer = () => resolve(null)));
    };
    const before = counters.handshakes.get('accepted');
    const [socket] = await Promise.all([
      once(app.app.getHttpServer() as NodeJS.EventEmitter, 'connection'),
      raw().then(async (client) => {
        await asking;
        client.reset();
      }),
    ]);
    await until(() => (socket[0] as { destroyed: boolean }).destroyed);
    answer();
    await new Promise(setImmediate);
    expect([counters.handshakes.get('accepted'), app.registry.size]).toEqual([before, 0]);
  });

  it('closes a connection that breaks the protocol, and survives it', async () => {
    const client = await RawWebSocket.connect(app.port, { path: '/ws' });
    await client.until('connected');
    const [connection] = [...app.registry.all()] as [Connection];
    const gone = app.endOf(connection);
    client.send(TEXT, '{}', { masked: false });
    await client.tcp.untilClosed();
    expect([client.closeCode, await gone]).toEqual([1002, 1006]); // it did not answer the close
  });

  it('answers a ping, and takes a ping and a pong as a sign of life', async () => {
    const client = await RawWebSocket.connect(app.port, { path: `/ws?token=${signToken()}` });
    await client.until('connected');
    const [connection] = [...app.registry.all()] as [Connection];
    for (const opcode of [PING, PONG]) {
      connection.alive = false;
      client.tcp.send(encodeFrame(opcode, 'sign of life'));
      await until(() => connection.alive);
    }
    await client.until('sign of life');
    client.tcp.destroy();
    await until(() => app.registry.size === 0);
  });

  it('passes each connection to the callbacks, and its end with the code', async () => {
    const connected: unknown[] = [];
    app.server.onConnection((connection, request) => void connected.push([connection.principal?.userKey, request.url]));
    const client = await connect(`${app.url}?a=b`, { header: `Bearer ${signToken()}` });
    await client.next('connected');
    expect(connected).toEqual([['u1', '/ws?a=b']]);
    const gone = app.gone('u1');
    client.socket.close(4002);
    expect(await gone).toBe(4002);
  });

  it('serves another server, with the same connections, until both close', async () => {
    const second = createServer().listen(0, '127.0.0.1');
    await once(second, 'listening');
    for (let count = 0; count < 2; count += 1) app.server.attach(second);
    const client = await connect(`ws://127.0.0.1:${(second.address() as AddressInfo).port}/ws`);
    await client.next('connected');
    expect([app.registry.size, second.listenerCount('upgrade')]).toEqual([1, 1]);
    await client.close();
    second.close();
    await once(second, 'close');
  });
});

describe('RealtimeServer.drain', () => {
  it('notifies and closes each connection after the last events, refuses new ones, and resolves when all are gone', async () => {
    const app = await RealtimeApp.start({ reconnectSpreadMs: 60_000, handshakesPerSecond: 10 });
    const counters = app.app.get(Counters);
    const auth = app.app.get(AuthService);
    const identifyClient = Reflect.get(AuthService.prototype, 'identifyClient');
    let answer = (): void => undefined;
    auth.identifyClient = () => new Promise((resolve) => (answer = () => resolve(null)));
    const late = await TcpClient.connect(app.port);
    late.send(upgradeRequest());
    await until(() => answer.toString().includes('resolve(null)'));
    auth.identifyClient = identifyClient;

    const clients = [await app.connectAs({ sub: 'u1' }), await app.connectAs({ sub: 'u2' })] as const;
    const [leaving] = app.registry.ofUser('u2');
    let published = (): void => undefined;
    let isDrained = false;
    const drained = app.server.drain(1, new Promise((resolve) => (published = resolve))).then(() => (isDrained = true));
    await app.server.drain(60_000); // is draining already
    answer();
    expect(await late.untilClosed()).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: 1\r\n/);
    const refused = await TcpClient.connect(app.port);
    refused.send(upgradeRequest());
    expect(await refused.untilClosed()).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: 1\r\n/);
    expect([counters.handshakes.get('draining'), clients[0].frames.length]).toEqual([2, 1]);

    leaving?.close(4001);
    published();
    expect(await clients[0].whenClosed()).toEqual({ code: 1012, reason: 'restarting' });
    expect(clients[0].frames.at(-1)).toMatchObject({ type: 'reconnect', afterMs: 0 });
    expect(await clients[1].whenClosed()).toMatchObject({ code: 4001 });
    expect(clients[1].frames).toHaveLength(1);
    await drained;
    expect([isDrained, app.registry.size]).toEqual([true, 0]);
    expect(app.log.lines).toContainEqual(expect.stringContaining('log: Draining 2 connections within 1000 ms'));
    await app.close();
  });

  it('closes connections that are still open with the server', async () => {
    const app = await RealtimeApp.start();
    const client = await app.connectAs();
    const closing = app.server.close();
    expect(await client.whenClosed()).toMatchObject({ code: 1006 });
    await closing;
    expect([app.server.draining, app.server.isAttached]).toEqual([true, false]);
    await app.close();
  });
});
