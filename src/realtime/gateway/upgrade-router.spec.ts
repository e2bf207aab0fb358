import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { TcpClient, upgradeRequest } from '../../../test/support/tcp.js';
import { pathOf, refuseUpgrade, routeUpgrades } from './upgrade-router.js';

/** A socket that keeps what it is sent. */
class Wire extends Duplex {
  text = '';
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    this.text += chunk.toString();
    written();
  }
}

describe('pathOf', () => {
  it.each([
    ['/ws', '/ws'],
    ['/ws?token=a', '/ws'],
    ['/ws?a=/b?c', '/ws'],
    ['?a', ''],
    ['http://example.com/ws?a', '/ws'],
    ['WS+unix://example.com:80/ws', '/ws'],
    ['http://example.com?a', ''],
    ['//example.com/ws', '//example.com/ws'],
    [undefined, ''],
  ])('of %j is %j', (url, path) => {
    expect(pathOf(url === undefined ? {} : { url })).toBe(path);
  });
});

describe('refuseUpgrade', () => {
  it('answers with the status, and ends the socket', async () => {
    const socket = new Wire();
    refuseUpgrade(socket, '503 Service Unavailable', { 'Retry-After': '2' });
    await once(socket, 'close');
    expect(socket.text).toBe(
      'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 2\r\n\r\n',
    );
  });

  it('explains what to do', async () => {
    const socket = new Wire();
    refuseUpgrade(socket, '400 Bad Request', {}, 'Größe');
    await once(socket, 'close');
    expect(socket.text).toBe(
      'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n\r\nGröße',
    );
  });

  it('survives a client that is gone', async () => {
    const socket = new Wire();
    refuseUpgrade(socket, '404 Not Found');
    socket.destroy(new Error('ECONNRESET'));
    await new Promise(setImmediate);
    expect(socket.destroyed).toBe(true);
  });
});

describe('the upgrades of an HTTP server', () => {
  let server: Server;
  let port: number;
  let remove: () => void;
  const routed: string[] = [];

  beforeEach(async () => {
    routed.length = 0;
    server = createServer((request, response) => void response.end(`request ${request.url}`));
    remove = routeUpgrades(server, '/ws', (request, socket, head) => {
      routed.push(`${request.url} ${head.toString()}`);
      socket.end('by the route');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(async () => {
    remove();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const ask = async (path: string, after = ''): Promise<string> => {
    const client = await TcpClient.connect(port);
    client.send(upgradeRequest({ path, headers: { Connection: 'Upgrade, close' } }) + after);
    return client.untilClosed();
  };
  const other = (request: IncomingMessage, socket: Duplex): void =>
    void socket.end(`by another listener: ${request.url}`);

  it('are routed by the path, with the bytes that follow', async () => {
    expect(await ask('/ws?a=1', 'frames')).toBe('by the route');
    expect(routed).toEqual(['/ws?a=1 frames']);
  });

  it('to another path are ordinary requests, if there is no other listener', async () => {
    expect(await ask('/wss')).toMatch(/200 OK[^]*request \/wss/);
    expect(await ask('/ws')).toBe('by the route');
    expect(await ask('/other')).toMatch(/200 OK[^]*request \/other/);
  });

  it('to another path belong to the other listeners', async () => {
    server.on('upgrade', other);
    expect([await ask('/other'), await ask('/ws')]).toEqual(['by another listener: /other', 'by the route']);
  });

  it('are refused if the listener is gone when they arrive', async () => {
    const socket = new Wire();
    server.emit('upgrade', { url: '/other' } as IncomingMessage, socket, Buffer.alloc(0));
    await once(socket, 'close');
    expect(socket.text).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  });

  it('leave no trace after the route was removed', async () => {
    const [emit, count] = [Reflect.get(server, 'emit'), Reflect.get(server, 'listenerCount')];
    expect(server.listenerCount('upgrade')).toBe(1);
    expect(server.listenerCount('request')).toBe(1);
    remove();
    expect(server.listenerCount('upgrade')).toBe(0);
    expect([Reflect.get(server, 'emit') === emit, Reflect.get(server, 'listenerCount') === count]).toEqual([
      false,
      false,
    ]);
    expect(await ask('/ws')).toMatch(/200 OK/);
  });

  it('keep what was put in front of the route later', () => {
    const emit = (): boolean => true;
    const count = (): number => 0;
    Object.assign(server, { emit, listenerCount: count });
    remove();
    expect([Reflect.get(server, 'emit'), Reflect.get(server, 'listenerCount')]).toEqual([emit, count]);
    Object.assign(server, {
      emit: Reflect.get(createServer(), 'emit'),
      listenerCount: Reflect.get(createServer(), 'listenerCount'),
    });
  });
});
