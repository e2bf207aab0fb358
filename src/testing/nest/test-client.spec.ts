import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestClient } from './test-client.js';

describe('a test client', () => {
  it('says why its connection was refused', async () => {
    const server = createServer();
    server.on('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 7\r\n\r\nno room'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const opening = TestClient.open(`ws://127.0.0.1:${port}/ws`, undefined, { patienceMs: 1_000, emitted: () => '' });
    await expect(opening).rejects.toThrow('The server refused the connection with 503: no room');
    server.close();
    await once(server, 'close');
  });
});
