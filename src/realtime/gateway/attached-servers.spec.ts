import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TcpClient, upgradeRequest } from '../../../test/support/tcp.js';
import { AttachedServers } from './attached-servers.js';

describe('a server that closes after the module was detached', () => {
  it('keeps the deadline of an unfinished request, and answers one that is completed in time', async () => {
    const attached = new AttachedServers(
      { path: '/ws', handshakeTimeoutMs: 2_000, maxConnections: 10, closeUnfinishedRequests: true },
      () => Promise.resolve(),
    );
    const server = createServer((_request, response) => void response.end('bye')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    attached.attach(server);
    const { port } = server.address() as AddressInfo;
    const clients = [await TcpClient.connect(port), await TcpClient.connect(port)] as const;
    for (const client of clients) client.send('GET / HTTP/1.1\r\nHost: a\r\n');
    while ((await connectionsOf(server)) < 2) await new Promise((resolve) => void setImmediate(resolve));
    await attached.detachAll();
    const closed = once(server, 'close');
    server.close();
    clients[0].send('Connection: close\r\n\r\n');
    expect(await clients[0].untilClosed()).toMatch(/bye$/);
    await closed;
    expect(await clients[1].untilClosed()).toBe('');
  });
});

describe('AttachedServers', () => {
  const OPTIONS = { path: '/ws', handshakeTimeoutMs: 5_000, maxConnections: 10, closeUnfinishedRequests: true };
  let servers: Server[];
  let attached: AttachedServers;
  let upgraded: boolean[];

  beforeEach(() => {
    [servers, upgraded] = [[], []];
    attached = new AttachedServers(OPTIONS, async (_request, socket, _head, isUnixSocket) => {
      upgraded.push(isUnixSocket());
      socket.end('upgraded');
    });
  });
  afterEach(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await attached.detachAll();
  });

  async function listen(where: ListenOptions = { port: 0, host: '127.0.0.1' }): Promise<Server> {
    const server = createServer((_request, response) => void response.end('hello'));
    servers.push(server);
    server.listen(where);
    await once(server, 'listening');
    return server;
  }
  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

  it('closes each connection with its next answer after the end of keep-alive', async () => {
    const [early, late] = [await listen(), await listen()];
    attached.attach(early);
    const client = await TcpClient.connect(portOf(early));
    client.send(request);
    await client.until('hello');
    for (let count = 0; count < 2; count += 1) attached.endKeepAlive();
    attached.attach(late);
    expect([early, late].map((server) => server.listenerCount('request'))).toEqual([2, 2]);
    client.send(request);
    expect(await client.untilClosed()).toMatch(/Connection: close\r\n[^]*hello$/);
    const other = await TcpClient.connect(portOf(late));
    other.send(request);
    expect(await other.untilClosed()).toMatch(/Connection: close\r\n/);
  });

  it('sets no header of HTTP/1 on an answer of HTTP/2', async () => {
    const server = createServer();
    attached.attach(server);
    attached.endKeepAlive();
    const set: unknown[] = [];
    server.emit('request', { httpVersionMajor: 2 }, { setHeader: (...given: unknown[]) => void set.push(given) });
    expect(set).toEqual([]);
    await attached.detachAll();
    expect(server.listenerCount('request')).toBe(0);
  });

  it('knows whether a client comes over a Unix socket', async () => {
    const path = join(tmpdir(), `attached-${process.pid}.sock`);
    const [tcp, unix] = [await listen(), await listen({ path })];
    for (const server of [tcp, unix]) attached.attach(server);
    const client = await TcpClient.connect(portOf(tcp));
    client.send(upgradeRequest());
    await client.untilClosed();
    const socket = connect(path);
    socket.write(upgradeRequest());
    await once(socket.resume(), 'close');
    expect(upgraded).toEqual([false, true]);
  });

  it('destroys only the socket of an upgrade that fails', async () => {
    let calls = 0;
    const failing = new AttachedServers(OPTIONS, async (_request, socket) => {
      calls += 1;
      if (calls === 1) throw new Error('of the test');
      socket.end('upgraded');
    });
    const server = await listen();
    failing.attach(server);
    const clients = [await TcpClient.connect(portOf(server)), await TcpClient.connect(portOf(server))] as const;
    clients[0].send(upgradeRequest());
    expect(await clients[0].untilClosed()).toBe('');
    clients[1].send(upgradeRequest());
    expect(await clients[1].untilClosed()).toBe('upgraded');
    server.close();
    await failing.detachAll();
  });

  it('releases a server that does not listen at once, and one that listens when it has closed', async () => {
    const [idle, busy] = [createServer(), await listen()];
    for (const server of [idle, busy, busy]) attached.attach(server);
    expect(attached.size).toBe(2);
    await attached.detachAll();
    expect([attached.size, idle.listenerCount('upgrade'), busy.listenerCount('upgrade')]).toEqual([0, 0, 1]);
    expect([idle.listenerCount('connection'), busy.listenerCount('connection')]).toEqual([1, 2]);
    busy.close();
    await once(busy, 'close');
    expect([busy.listenerCount('upgrade'), busy.listenerCount('connection')]).toEqual([0, 1]);
  });

  it('closes connections that become idle after their server stopped to listen', async () => {
    const server = await listen();
    attached.attach(server);
    let answer = (): void => undefined;
    server.removeAllListeners('request');
    server.on('request', (_request, response) => void (answer = () => response.end('hello')));
    const client = await TcpClient.connect(portOf(server));
    const asked = once(server, 'request');
    client.send(request);
    await asked;
    await attached.detachAll();
    server.close();
    answer();
    expect(await client.untilClosed(2_000)).toMatch(/Connection: keep-alive\r\n[^]*hello$/);
  });

  it('watches no requests if the application does not want that', () => {
    const server = createServer();
    const other = new AttachedServers({ ...OPTIONS, closeUnfinishedRequests: false }, () => Promise.resolve());
    other.attach(server);
    expect(server.listenerCount('connection')).toBe(1);
    return other.detachAll();
  });
});

function connectionsOf(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
