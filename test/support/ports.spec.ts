import { jest } from '@jest/globals';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { freePort } from './ports.js';

/** Lets `freePort` try these ports first, in this order. */
function tries(...ports: number[]): void {
  const random = jest.spyOn(Math, 'random');
  for (const port of ports) random.mockReturnValueOnce((port - 12_000 + 0.5) / 10_000);
}

async function listening(port: number, host?: string): Promise<AsyncDisposable & { port: number }> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

afterEach(() => jest.restoreAllMocks());

it('returns a port that can be listened on, by every address', async () => {
  const port = await freePort();
  for (const host of [undefined, '127.0.0.1']) {
    await using server = await listening(port, host);
    expect(server.port).toBe(port);
  }
});

it('returns a port that the system gives to no other socket', async () => {
  await using given = await listening(0);
  expect(await freePort()).toBeLessThan(given.port);
});

it('returns no port twice, as long as this process runs', async () => {
  const port = await freePort();
  tries(port);
  expect(await freePort()).not.toBe(port);
});

it('skips a port that another test process has claimed', async () => {
  const claim = createSocket('udp4').bind(0, '127.0.0.1');
  await once(claim, 'listening');
  const { port } = claim.address();
  tries(port);
  expect(await freePort()).not.toBe(port);
  claim.close();
});

it('skips a port where a server listens', async () => {
  await using server = await listening(0, '127.0.0.1');
  tries(server.port);
  expect(await freePort()).not.toBe(server.port);
});
