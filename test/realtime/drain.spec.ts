import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { signToken } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { connect } from '../support/ws-client.js';
import { startChildApp } from './support/child-app.js';
import { RawWebSocket } from './support/raw-web-socket.js';
import { RealtimeApp } from './support/realtime-app.js';
import { stamped } from './support/shapes.js';

describe('draining', () => {
  it('closes each connection at its own time with 1012, and delivers to the others until theirs', async () => {
    const app = await RealtimeApp.start({ reconnectSpreadMs: 10_000, handshakesPerSecond: 10 }); // one per second
    const clients = [];
    for (const user of ['u1', 'u2', 'u3']) {
      const client = await app.connectAs({ sub: user });
      await client.ask({ type: 'subscribe', channel: 'announcements' });
      clients.push(client);
    }
    const closed = app.close();
    const received = [];
    for (const [index, client] of clients.entries()) {
      expect(await client.whenClosed()).toEqual({ code: 1012, reason: 'restarting' });
      expect(client.frames.at(-1)).toEqual(stamped({ type: 'reconnect', afterMs: 0 }));
      if (index < 2) await app.events.emit('announcements', { message: `${index}` });
      received.push(client.frames.filter(({ type }) => type === 'event').length);
    }
    await closed;
    expect(received).toEqual([0, 1, 2]);
  });

  it('closes few connections at once, for any reconnectSpreadMs', async () => {
    const app = await RealtimeApp.start({ reconnectSpreadMs: 600_000 });
    const clients = await Promise.all(Array.from({ length: 15 }, () => app.connectAs()));
    const since = performance.now();
    await app.close();
    expect(performance.now() - since).toBeLessThan(20_000); // of ten minutes
    for (const client of clients) expect(await client.whenClosed()).toMatchObject({ code: 1012 });
  });

  it('ends as soon as all clients have left, before their times', async () => {
    const app = await RealtimeApp.start({ reconnectSpreadMs: 600_000, handshakesPerSecond: 1 });
    const [first, second] = [await app.connectAs({ sub: 'u1' }), await app.connectAs({ sub: 'u2' })];
    const since = performance.now();
    const closed = app.close();
    expect(await first.whenClosed()).toMatchObject({ code: 1012 });
    await second.close();
    await closed;
    expect(performance.now() - since).toBeLessThan(9_000); // the second connection would be due after 10 s
  });

  it('ends at once without connections', async () => {
    const app = await RealtimeApp.start({ drainDelayMs: 60_000 });
    await expect(app.close()).resolves.toBeUndefined();
  });

  it('sends queued events before it closes', async () => {
    const app = await RealtimeApp.start();
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'user:u1' });
    for (let count = 0; count < 100; count += 1) void app.events.emitToUser('u1', 'x'.repeat(5_000));
    const { id } = await app.events.emitToUser('u1', 'last');
    await app.close();
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
    expect(await client.next('event', (event) => event.data === 'last')).toMatchObject({ id });
    expect(client.frames.filter(({ type }) => type === 'event')).toHaveLength(101);
  });

  it('refuses new upgrades with 503 and Retry-After, and publishes to the end', async () => {
    const app = await RealtimeApp.start();
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'user:u1' });
    const drained = app.server.drain(2_000);
    expect(app.server.draining).toBe(true);

    const late = await TcpClient.connect(app.port);
    late.send(upgradeRequest());
    const answer = await late.untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(answer).toMatch(/\r\nRetry-After: 1\r\n/);
    await expect(app.connect()).rejects.toThrow('503');

    await app.events.emitToUser('u1', 'while draining');
    expect(await client.next('event')).toMatchObject({ data: 'while draining' });
    expect(await client.ask({ type: 'subscribe', channel: 'apps:created' })).toMatchObject({ type: 'subscribed' });

    await drained;
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
    await app.events.emitToUser('u1', 'to nobody');
    await app.close();
    await expect(app.events.emitToUser('u1', 'too late')).rejects.toThrow('shutting down');
  });

  it('cuts off clients that do not answer the close, within the timeout', async () => {
    const app = await RealtimeApp.start({ closeTimeoutMs: 300 });
    const mute = await RawWebSocket.connect(app.port, { path: `/ws?token=${signToken()}` });
    await mute.until('connected');
    const since = performance.now();
    await app.close();
    await mute.tcp.untilClosed();
    expect(performance.now() - since).toBeLessThan(20_000);
    expect(mute.messages.at(-1)).toMatchObject({ type: 'reconnect' });
    expect(mute.closeCode).toBe(1012);
  });

  it('closes connections that have not authenticated yet', async () => {
    const app = await RealtimeApp.start({ anonymous: false });
    const client = await app.connect();
    await app.close();
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
  });
});

describe('a connection that waits to be accepted while the server closes', () => {
  it('is accepted, and its request is answered', async () => {
    const app = await RealtimeApp.start();
    const sockets = Array.from({ length: 3 }, () => connectTcp({ port: app.port, host: '127.0.0.1' }));
    const answers = sockets.map(async (socket) => {
      let answer = '';
      socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
      socket.write('POST /realtime/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}');
      await once(socket, 'close');
      return answer;
    });
    // The kernel has connected them, and the event loop of the server has not turned since.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await app.close();
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
      expect(answer).toMatch(/\r\nConnection: close\r\n/);
    }
  });
});

describe('SIGTERM', () => {
  it('refuses what is published over HTTP, closes every connection, and ends the process', async () => {
    const child = await startChildApp({ drainDelayMs: 3_000, reconnectSpreadMs: 1_000 });
    const client = await connect(child.url, { token: signToken() });
    await client.ask({ type: 'subscribe', channel: 'user:u1' });
    child.process.kill('SIGTERM');
    await child.process.said('draining');
    await expect(connect(child.url)).rejects.toThrow('503');
    const published = await fetch(`${child.http}/realtime/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${signToken({ role: 'admin' })}` },
      body: JSON.stringify({ channel: 'user:u1', data: 'refused' }),
    });
    expect([published.status, published.headers.get('connection')]).toEqual([503, 'close']);
    expect(await client.next('reconnect')).toMatchObject({ afterMs: 0 });
    expect(client.frames.filter(({ type }) => type === 'event')).toEqual([]);
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
    expect(await child.process.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(child.process.stderr).toBe('');
  });
});
