import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TcpClient } from '../../../test/support/tcp.js';
import { AttachedServers } from './attached-servers.js';

describe('a server that closes after the module was detached', () => {
  it('keeps the deadline of an unfinished request, and answers one that is completed in time', async () => {
    const attached = new AttachedServers(
      { path: '/ws', handshakeTimeoutMs: 500, maxConnections: 10, closeUnfinishedRequests: true },
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
  }, 5_000);
});

function connectionsOf(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
