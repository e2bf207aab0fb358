import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { signToken } from '../support/jwt.js';
import { TcpClient, upgradeRequest } from '../support/tcp.js';
import { connect } from '../support/ws-client.js';
import { OtherGateway, SocketIoGateway } from './support/other-gateways.js';
import { RealtimeApp, type BootOptions } from './support/realtime-app.js';

/** Checks that the module works end to end with one event. */
async function expectRealtime(app: RealtimeApp): Promise<void> {
  const client = await app.connectAs();
  await client.ask({ type: 'subscribe', channel: 'apps:created' });
  await app.events.emit('apps:created', { id: '1', name: 'one' });
  expect(await client.next('event')).toMatchObject({ data: { id: '1' } });
  await client.close();
}

/** Sends one message and returns the first reply. */
async function exchange(url: string, text: string): Promise<string> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const answer = once(socket, 'message') as Promise<[Buffer]>;
  socket.send(text);
  const [data] = await answer;
  socket.terminate();
  await once(socket, 'close');
  return data.toString();
}

/** Uses Engine.IO like a Socket.IO client: connects, joins, emits `hi`, and returns the event that comes back. */
async function exchangeSocketIo(port: number): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  const packets: string[] = [];
  return new Promise<string>((resolve, reject) => {
    socket.once('error', reject);
    socket.on('message', (data: Buffer) => {
      const packet = data.toString();
      packets.push(packet);
      if (packet.startsWith('0')) socket.send('40');
      else if (packet.startsWith('40')) socket.send('42["hi",{"a":1}]');
      else if (packet.startsWith('42')) {
        socket.close();
        resolve(packet);
      }
    });
    socket.once('close', () => reject(new Error(`It ended after ${packets.join(' ')}`)));
  });
}

describe.each(['express', 'fastify'] as const)('on %s', (http) => {
  let app: RealtimeApp;
  const start = async (boot: BootOptions = {}): Promise<void> => {
    app = await RealtimeApp.start({}, { http, ...boot });
  };
  afterEach(() => app.close());

  it('works alone', async () => {
    await start();
    await expectRealtime(app);
  });

  it('coexists with a gateway of the WsAdapter on another path', async () => {
    const prepare = (nest: INestApplication) => nest.useWebSocketAdapter(new WsAdapter(nest));
    await start({ providers: [OtherGateway], prepare });
    await expectRealtime(app);
    const answer = await exchange(`ws://127.0.0.1:${app.port}/other`, '{"event":"hi","data":{"a":1}}');
    expect(JSON.parse(answer)).toEqual({ event: 'hello', data: { a: 1 } });
    await expectRealtime(app);
  });

  it('coexists with a Socket.IO gateway whose adapter is set', async () => {
    await start({ providers: [SocketIoGateway], prepare: (nest) => nest.useWebSocketAdapter(new IoAdapter(nest)) });
    await expectRealtime(app);
    expect(await exchangeSocketIo(app.port)).toBe('42["hello",{"a":1}]');
    await expectRealtime(app);
  });

  it('coexists with a Socket.IO gateway on Nest’s default adapter', async () => {
    await start({ providers: [SocketIoGateway] });
    await expectRealtime(app);
    expect(await exchangeSocketIo(app.port)).toBe('42["hello",{"a":1}]');
    const polling = await fetch(`${app.http}/socket.io/?EIO=4&transport=polling`);
    expect(await polling.text()).toMatch(/^0\{"sid"/);
  });

  it('coexists with a custom upgrade listener, added early or late', async () => {
    const servers: WebSocketServer[] = [];
    const add = (nest: INestApplication, path: string): void => {
      const echo = new WebSocketServer({ noServer: true });
      servers.push(echo);
      echo.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)));
      (nest.getHttpServer() as Server).on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (request.url === path)
          echo.handleUpgrade(request, socket, head, (ws) => echo.emit('connection', ws, request));
      });
    };
    await start({ prepare: (nest) => add(nest, '/early') });
    add(app.app, '/late');
    expect(await exchange(`ws://127.0.0.1:${app.port}/early`, 'a')).toBe('echo a');
    expect(await exchange(`ws://127.0.0.1:${app.port}/late`, 'b')).toBe('echo b');
    await expectRealtime(app);
  });

  it('leaves an upgrade of an unknown path to the application, which responds with 404', async () => {
    await start();
    for (const path of ['/', '/other', '/ws/', '/wsx', '/WS', '/socket.io/', '//ws', '/ws%20', '/%77s']) {
      const client = await TcpClient.connect(app.port);
      client.send(upgradeRequest({ path }));
      await client.until('"statusCode":404');
      expect(client.text).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
      client.destroy();
    }
    await expectRealtime(app);
  });

  it('leaves plain requests of its path to the application', async () => {
    await start();
    expect((await fetch(`${app.http}/ws`)).status).toBe(404);
  });
});

describe('the option path', () => {
  it('moves the endpoint, which exists at the new path only', async () => {
    const app = await RealtimeApp.start({ path: '/api/live' });
    await expectRealtime(app);
    await expect(connect(`ws://127.0.0.1:${app.port}/ws`)).rejects.toThrow('404');
    await app.close();
  });

  it('applies per application: for two in one process, and one after the other', async () => {
    const [one, two] = [await RealtimeApp.start({ path: '/one' }), await RealtimeApp.start({ path: '/two' })];
    await expectRealtime(one);
    await expectRealtime(two);
    await expect(connect(`ws://127.0.0.1:${one.port}/two`)).rejects.toThrow('404');
    await expect(connect(`ws://127.0.0.1:${two.port}/one`)).rejects.toThrow('404');
    const subscriber = await two.connectAs();
    await subscriber.ask({ type: 'subscribe', channel: 'announcements' });
    await one.events.emit('announcements', { message: 'of the first' });
    await subscriber.expectNone('event');
    await one.close();
    await expectRealtime(two);
    await two.close();
    const usual = await RealtimeApp.start();
    await expectRealtime(usual);
    await usual.close();
  });
});

describe('a second HTTP server', () => {
  it('can be attached: its connections join those of the first', async () => {
    const app = await RealtimeApp.start();
    const { createServer } = await import('node:http');
    const second = createServer();
    second.listen(0, '127.0.0.1');
    await once(second, 'listening');
    app.server.attach(second);
    app.server.attach(second); // attaching twice has no effect
    const { port } = second.address() as { port: number };
    const client = await connect(`ws://127.0.0.1:${port}/ws`, { token: signToken() });
    await client.next('connected');
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await app.events.emit('apps:created', { id: '1', name: 'n' });
    await client.next('event');
    expect(app.registry.size).toBe(1);
    await app.close();
    expect(await client.whenClosed()).toMatchObject({ code: 1012 });
    second.close(); // until then it answers upgrades with 503
    await once(second, 'close');
    expect(second.listenerCount('upgrade')).toBe(0);
  });
});
