import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TcpClient, upgradeRequest } from './tcp.js';

describe('TcpClient', () => {
  let server: Server;
  let port: number;
  let client: TcpClient;

  async function serve(onConnection: (socket: Socket) => void): Promise<void> {
    server = createServer(onConnection).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
    client = await TcpClient.connect(port);
  }

  afterEach(async () => {
    client.destroy();
    server.close();
    await once(server, 'close');
  });

  it('sends and receives bytes until the end', async () => {
    await serve((socket) => socket.once('data', (data) => socket.end(data.toString().toUpperCase())));
    client.send('hello');
    await client.until('HELL');
    await expect(client.untilClosed()).resolves.toBe('HELLO');
    await expect(client.untilClosed()).resolves.toBe('HELLO');
  });

  it('rejects if the other side closes before the awaited text', async () => {
    await serve((socket) => socket.end('goodbye'));
    await expect(client.until('hello')).rejects.toThrow('goodbye');
  });

  it('can end with a reset', async () => {
    const ended = new Promise<string>((resolve) => {
      void serve((socket) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))).then(
        () => client.reset(),
      );
    });
    await expect(ended).resolves.toBe('ECONNRESET');
  });
});

describe('upgradeRequest', () => {
  it('requests a WebSocket', () => {
    expect(upgradeRequest()).toMatch(/^GET \/ws HTTP\/1\.1\r\nHost: localhost\r\n(.+: .+\r\n)+\r\n$/);
  });

  it('changes, adds and removes headers', () => {
    const text = upgradeRequest({
      path: '/x',
      headers: { Upgrade: 'h2c', 'X-More': '1', 'Sec-WebSocket-Key': undefined },
    });
    expect(text).toContain('GET /x ');
    expect(text).toContain('Upgrade: h2c\r\n');
    expect(text).toContain('X-More: 1\r\n');
    expect(text).not.toContain('Sec-WebSocket-Key');
  });
});
