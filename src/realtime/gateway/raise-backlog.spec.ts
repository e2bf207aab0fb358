import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AttachedServers } from './attached-servers.js';

/** More than the 511 that Node asks for. */
const CLIENTS = 700;
/** State of a connection that the kernel of the server has dropped so far. */
const SYN_SENT = '02';

/** Returns the number of clients of a port that wait for the kernel to accept them. */
function dropped(port: number): number {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  return rows.filter(([, , to, state]) => to?.endsWith(remote) && state === SYN_SENT).length;
}

describe('the backlog of an attached server', () => {
  const options = { path: '/ws', handshakeTimeoutMs: 10_000, maxConnections: 1_000, closeUnfinishedRequests: false };
  const attached = new AttachedServers(options, () => Promise.resolve());
  const clients: Socket[] = [];
  afterEach(() => clients.splice(0).forEach((client) => client.destroy()));

  it.each(['before', 'after'])('keeps 700 clients that connect at once, attached %s it listens', async (when) => {
    const server = createServer();
    if (when === 'before') attached.attach(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    if (when === 'after') attached.attach(server);
    const { port } = server.address() as AddressInfo;
    try {
      for (let count = 0; count < CLIENTS; count += 1) {
        clients.push(connect(port, '127.0.0.1').on('error', () => undefined));
      }
      await nextTurn();
      expect(dropped(port)).toBe(0);
    } finally {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  });
});
