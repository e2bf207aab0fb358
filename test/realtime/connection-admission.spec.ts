import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthService } from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { signToken } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';
import { startChildApp } from './support/child-app.js';
import { RawWebSocket } from './support/raw-web-socket.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf } from './support/shapes.js';

const TOO_MANY = { code: 4429, reason: 'too many connections' };

let app: RealtimeApp;
afterEach(() => app?.close());

const from = (forwardedFor: string): Promise<WsClient> =>
  app.connect({ token: signToken(), headers: { 'X-Forwarded-For': forwardedFor } });

/** Tries again while a busy machine makes the server refuse with 503. */
async function accepted(connecting: () => Promise<WsClient>): Promise<WsClient> {
  for (const deadline = performance.now() + 20_000; ;) {
    try {
      return await connecting();
    } catch (error) {
      if (!String(error).includes('503') || performance.now() > deadline) throw error;
    }
  }
}

async function expectLetIn(connecting: Promise<WsClient>): Promise<WsClient> {
  const client = await connecting;
  await client.next('connected');
  return client;
}

async function expectTooMany(connecting: Promise<WsClient>): Promise<void> {
  const client = await connecting;
  expect(await client.next()).toEqual(errorOf('too_many_connections'));
  expect(await client.whenClosed()).toEqual(TOO_MANY);
}

describe('connections of one address', () => {
  it('are limited; closing one admits another', async () => {
    app = await RealtimeApp.start({ maxConnectionsPerAddress: 2 });
    const first = await app.connectAs({ sub: 'u1' });
    await app.connectAs({ sub: 'u2' });
    await expectTooMany(app.connect({ token: signToken({ sub: 'u3' }) }));
    await expectTooMany(app.connect());
    await expectTooMany(app.connect({ token: 'rubbish' })); // not even verified
    const gone = app.gone('u1');
    await first.close();
    await gone;
    await app.connectAs({ sub: 'u3' });
  });

  it('do not include refused ones', async () => {
    app = await RealtimeApp.start({ maxConnectionsPerAddress: 1 });
    for (let count = 0; count < 3; count += 1) {
      const refused = await app.connect({ token: 'rubbish' });
      await refused.next('error');
    }
    await app.connectAs();
  });

  it('cannot exceed the limit together while their identities are not known yet', async () => {
    app = await RealtimeApp.start({ maxConnectionsPerAddress: 3 });
    const auth = app.app.get(AuthService);
    const identify = auth.identifyClient.bind(auth);
    let letIn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (letIn = resolve));
    let waiting = 0;
    auth.identifyClient = async (request) => {
      waiting += 1;
      await gate;
      return identify(request);
    };
    const clients = Array.from({ length: 10 }, () => app.connect({ token: signToken() }));
    await until(() => waiting === 3);
    const refused = await Promise.race(clients);
    expect(await refused.whenClosed()).toEqual(TOO_MANY);
    letIn();
    const all = await Promise.all(clients);
    const firsts = await Promise.all(all.map((client) => client.next()));
    expect(firsts.filter(({ type }) => type === 'connected')).toHaveLength(3);
    expect(waiting).toBe(3);
  });

  it('are counted per client behind a trusted proxy, by the address that the proxy added, not by the one that the client claims', async () => {
    app = await RealtimeApp.start({ maxConnectionsPerAddress: 1, trustedProxies: ['loopback', '10.0.0.0/8'] });
    await expectLetIn(from('198.51.100.1'));
    await expectLetIn(from('198.51.100.2, 10.1.2.3'));
    await expectTooMany(from('198.51.100.1'));
    await expectTooMany(from('1.2.3.4, 198.51.100.1'));
    await expectTooMany(from('10.0.0.1, 198.51.100.2'));
    expect([...app.registry.all()].map(({ address }) => address)).toEqual(['198.51.100.1', '198.51.100.2']);
  });

  it('are not limited behind a proxy that is not configured, which would count all clients as one', async () => {
    app = await RealtimeApp.start({ maxConnectionsPerAddress: 1 });
    for (const address of ['198.51.100.1', '198.51.100.1', '198.51.100.2']) await expectLetIn(from(address));
    expect([...app.registry.all()].map(({ address }) => address)).toEqual(Array(3).fill('127.0.0.1'));
  });
});

describe('handshakes', () => {
  const refusal = async (port = app.port): Promise<string> => {
    const client = await TcpClient.connect(port);
    client.send(upgradeRequest({ path: '/ws?token=rubbish' }));
    await client.until('\r\n\r\n');
    client.destroy();
    return client.text;
  };

  it('over the rate get 503 with Retry-After before any check, and are counted', async () => {
    app = await RealtimeApp.start({ handshakesPerSecond: 1 });
    let identified = 0;
    const auth = app.app.get(AuthService);
    const identify = auth.identifyClient.bind(auth);
    auth.identifyClient = (request) => {
      identified += 1;
      return identify(request);
    };
    const client = await app.connectAs();
    let turnedAway = 0;
    for (let count = 0; count < 12; count += 1) {
      const answer = await refusal();
      if (!answer.startsWith('HTTP/1.1 503 Service Unavailable\r\n')) continue;
      expect(answer).toMatch(/\r\nRetry-After: \d+\r\n/);
      turnedAway += 1;
    }
    expect(turnedAway).toBeGreaterThanOrEqual(1);
    expect(identified).toBe(13 - turnedAway);
    expect(app.app.get(Counters).handshakes.get('throttled')).toBe(turnedAway);
    await client.fence();
    expect(app.log.lines.filter((line) => line.includes('handshakesPerSecond'))).toHaveLength(1);
  });

  it('that take too long get 503, free their slot, and do not affect others', async () => {
    app = await RealtimeApp.start({ handshakeTimeoutMs: 100, maxConnectionsPerAddress: 1 });
    const auth = app.app.get(AuthService);
    const identify = auth.identifyClient.bind(auth);
    auth.identifyClient = () => new Promise(() => undefined);
    expect(await refusal()).toMatch(/^HTTP\/1\.1 503 [^]*\r\nRetry-After: \d+\r\n/);
    auth.identifyClient = identify;
    await accepted(() => app.connectAs());
    expect(app.log.lines.join('\n')).toContain('handshakeTimeoutMs');
  });

  it('whose headers never end are closed by the HTTP server, like any request', async () => {
    app = await RealtimeApp.start();
    const server = createServer({ headersTimeout: 200, connectionsCheckingInterval: 20 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    app.server.attach(server);
    const slow = await TcpClient.connect((server.address() as AddressInfo).port);
    slow.send(upgradeRequest().slice(0, -2));
    expect(await slow.untilClosed()).toMatch(/^HTTP\/1\.1 408 /);
    server.close();
  });

  it('are rejected while the event loop is blocked, and open connections are served', async () => {
    const child = await startChildApp({ maxEventLoopDelayMs: 300 });
    const port = Number(new URL(child.http).port);
    const established = await accepted(() => connect(child.url, { token: signToken() }));
    await established.next('connected');
    child.process.kill('SIGWINCH'); // blocks its event loop
    await child.process.said('blocking');
    expect(await refusal(port)).toMatch(/^HTTP\/1\.1 503 /);
    await established.fence();
    // The limit recovers within a second.
    const deadline = performance.now() + 10_000;
    while ((await refusal(port)).startsWith('HTTP/1.1 503')) expect(performance.now()).toBeLessThan(deadline);
    await child.process.stop();
    expect(child.process.output).toContain('maxEventLoopDelayMs is 300');
  });
});

describe('a connection without a token', () => {
  it('is asked to reconnect and closed after its maximum time; one with a token stays', async () => {
    app = await RealtimeApp.start({ anonymousTimeoutMs: 1_000, reconnectSpreadMs: 5_000 });
    const later = await app.connect();
    expect(await later.ask({ type: 'auth', token: signToken({ sub: 'u2' }) })).toMatchObject({ type: 'authenticated' });
    const [anonymous, user] = [await app.connect(), await app.connectAs()];
    const { afterMs } = await anonymous.next('reconnect');
    expect(afterMs).toBeGreaterThanOrEqual(0);
    expect(afterMs).toBeLessThanOrEqual(5_000);
    expect(await anonymous.whenClosed()).toEqual({ code: 4504, reason: 'no token received in time' });
    await Promise.all([later, user].map((client) => client.fence()));
  });
});

describe('an idle client', () => {
  it('that sends nothing after its upgrade is closed by the heartbeat', async () => {
    app = await RealtimeApp.start({ heartbeatIntervalMs: 200 });
    const mute = await RawWebSocket.connect(app.port);
    await mute.until('heartbeat timeout');
    expect(mute.closeCode).toBe(4502);
    mute.tcp.destroy();
  });
});
