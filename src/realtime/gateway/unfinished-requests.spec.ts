import { jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { makeCertificate } from '../../../test/support/certificate.js';
import { TcpClient } from '../../../test/support/tcp.js';
import { UnfinishedRequests } from './unfinished-requests.js';

type WatchedServer = Parameters<UnfinishedRequests['watch']>[0];

const LIMIT_MS = 300;
const MAX_UNFINISHED = 3;
const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n';

describe('a connection without a complete request head', () => {
  let server: WatchedServer;
  let unwatch: () => void;

  const serve = async (made: WatchedServer, limitMs = LIMIT_MS): Promise<number> => {
    server = made.listen(0, '127.0.0.1');
    unwatch = new UnfinishedRequests(limitMs, MAX_UNFINISHED).watch(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const echo = (): Server =>
    createServer(
      (request, response) =>
        void request.on('data', (chunk) => response.write(chunk)).on('end', () => response.end('!')),
    );
  afterEach(async () => {
    unwatch();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['nothing', ''],
    ['half a request line', 'GET / HT'],
    ['headers without an end', HEAD],
  ])('is destroyed in time after %s', async (_what, bytes) => {
    const client = await TcpClient.connect(await serve(echo()));
    const since = performance.now();
    client.send(bytes);
    expect(await client.untilClosed()).toBe('');
    expect(performance.now() - since).toBeGreaterThan(LIMIT_MS - 100);
  });

  it('is not destroyed if the server was too busy to read its head', async () => {
    const port = await serve(echo());
    const accepted = once(server, 'connection');
    const client = await TcpClient.connect(port);
    client.send(HEAD);
    await accepted;
    client.send('\r\nabc');
    const end = performance.now() + 2 * LIMIT_MS;
    while (performance.now() < end); // the event loop is blocked, past the deadline
    await client.until('!');
  });

  it('is destroyed in time though it sends byte after byte', async () => {
    const client = await TcpClient.connect(await serve(echo()));
    const drip = setInterval(() => client.send('x'), 20);
    client.send(`${HEAD}X-Slow: `);
    expect(await client.untilClosed()).toBe('');
    clearInterval(drip);
  });

  it('is destroyed before its deadline if too many are open, the oldest first', async () => {
    const port = await serve(echo(), 60_000);
    const complete = await TcpClient.connect(port);
    complete.send(`${HEAD}\r\na`);
    await complete.until('a');
    const oldest = await TcpClient.connect(port);
    const next = await TcpClient.connect(port);
    for (let count = 1; count < MAX_UNFINISHED; count += 1) await TcpClient.connect(port);
    expect(await oldest.untilClosed()).toBe('');
    next.send(`${HEAD}\r\nabc`);
    await next.until('!');
    complete.send('bc');
    await complete.until('!');
  });

  it('stays open after a complete head, even if the body is slow or the connection is idle', async () => {
    const port = await serve(echo());
    const client = await TcpClient.connect(port);
    client.send(`${HEAD}\r\na`);
    // This idle connection was opened later. When it is closed, the deadline of the first one is over too.
    const idle = await TcpClient.connect(port);
    await idle.untilClosed();
    client.send('bc');
    await client.until('!');
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('HTTP/1.1 200 OK');
    client.destroy();
  });

  it('is destroyed in time during a TLS handshake and after it', async () => {
    const port = await serve(createTlsServer(await makeCertificate(), (_request, response) => response.end('!')));
    const silent: Socket = connect(port, '127.0.0.1');
    silent.on('error', () => undefined);
    const finished = await TcpClient.connect(port, { tls: true });
    const busy = await TcpClient.connect(port, { tls: true });
    busy.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await Promise.all([once(silent, 'close'), finished.untilClosed()]);
    busy.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect((await busy.untilClosed()).match(/200 OK/g)).toHaveLength(2);
  });

  it('is not destroyed after the watch ended', async () => {
    const port = await serve(echo());
    const other = new UnfinishedRequests(LIMIT_MS, MAX_UNFINISHED).watch(server);
    unwatch();
    other();
    expect(server.listenerCount('connection')).toBe(1); // Node's own
    const client = await TcpClient.connect(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('200 OK');
    client.destroy();
  });

  it('is not destroyed by a later watch, and no timer is left', async () => {
    const cleared = jest.spyOn(globalThis, 'clearInterval');
    server = echo().listen(0, '127.0.0.1');
    const requests = new UnfinishedRequests(LIMIT_MS, MAX_UNFINISHED);
    unwatch = requests.watch(server);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const early = await TcpClient.connect(port);
    unwatch();
    expect(cleared).toHaveBeenCalledTimes(1);
    cleared.mockRestore();
    unwatch = requests.watch(server);
    await (await TcpClient.connect(port)).untilClosed();
    early.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await early.until('200 OK');
    early.destroy();
  });
});
