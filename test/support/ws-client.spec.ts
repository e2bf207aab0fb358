import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { connect, type WsClient } from './ws-client.js';

describe('WsClient', () => {
  let server: WebSocketServer;
  let client: WsClient;
  let url: string;
  let requests: IncomingMessage[];

  beforeEach(async () => {
    requests = [];
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
    server.on('connection', (socket, request) => {
      requests.push(request);
      greet(socket);
    });
  });

  afterEach(async () => {
    client.terminate();
    server.close();
    await once(server, 'close');
  });

  /** Sends two frames at once, echoes the `ref` of each request, and reports all other input. */
  function greet(socket: WebSocket): void {
    socket.send('{"type":"connected"}');
    socket.send('{"type":"event","channel":"a","data":1}');
    socket.on('message', (data: Buffer, isBinary) => {
      const text = data.toString();
      if (text === 'bye') socket.close(4400, 'as asked');
      else if (text === 'rubbish') socket.send('no JSON');
      else if (isBinary) socket.send(JSON.stringify({ type: 'error', message: `binary ${data.length}` }));
      else socket.send(JSON.stringify({ ...(JSON.parse(text) as object), type: 'pong' }));
    });
  }

  it('sends the token in the chosen place', async () => {
    client = await connect(url, { token: 'a b', header: 'Bearer x', protocols: ['token-y'] });
    expect(client.socket.protocol).toBe('token-y');
    expect(requests[0]?.url).toBe('/ws?token=a+b');
    expect(requests[0]?.headers.authorization).toBe('Bearer x');
  });

  it('queues frames that arrive early, and returns each one once', async () => {
    client = await connect(url);
    await client.fence();
    expect(client.frames.map((frame) => frame.type)).toEqual(['connected', 'event', 'pong']);
    expect(await client.next('event', (event) => event.data === 1)).toMatchObject({ channel: 'a' });
    expect(await client.next()).toMatchObject({ type: 'connected' });
    await client.expectNone();
  });

  it('expectNone fails if a frame matches', async () => {
    client = await connect(url);
    await client.expectNone('event', (event) => event.channel === 'b');
    await expect(client.expectNone('event')).rejects.toThrow('Expected no event');
  });

  it('sends objects as JSON, strings as they are, bytes as binary', async () => {
    client = await connect(url);
    client.send({ ref: 'object' });
    expect(await client.next('pong')).toMatchObject({ ref: 'object' });
    client.send('{"ref":"text"}');
    expect(await client.next('pong')).toMatchObject({ ref: 'text' });
    client.send(Buffer.from([1, 2, 3]));
    expect(await client.next('error')).toMatchObject({ message: 'binary 3' });
  });

  it('keeps the close code, and rejects later waits', async () => {
    client = await connect(url);
    client.send('bye');
    await expect(client.next('pong')).rejects.toThrow('The connection ended without pong');
    await expect(client.whenClosed()).resolves.toEqual({ code: 4400, reason: 'as asked' });
    await client.expectNone('pong');
  });

  it('reports a frame that violates the protocol', async () => {
    client = await connect(url);
    client.send('rubbish');
    await expect(client.next('pong')).rejects.toThrow('not the protocol: no JSON');
  });

  it('rejects with the status if the upgrade is refused', async () => {
    client = await connect(url);
    server.options.verifyClient = (_info, answer) => answer(false, 503);
    await expect(connect(url)).rejects.toThrow('503');
  });
});
