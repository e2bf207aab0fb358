import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Below the ports that the operating system gives to sockets that name none (from 32,768 on Linux), so that no connection
 * and no server of another test takes one before its process listens, or while that process restarts. A node of a Redis
 * Cluster also listens 10,000 higher, which is outside this range and below those ports too.
 */
const FIRST = 12_000;
const COUNT = 10_000;

/** Resolves with a free TCP port. No other call on this machine returns it before this process ends. */
export async function freePort(): Promise<number> {
  for (let port = randomPort(); ; port = randomPort()) {
    if ((await claimed(port)) && (await isFree(port))) return port;
    await nextTurn();
  }
}

function randomPort(): number {
  return FIRST + Math.floor(Math.random() * COUNT);
}

/** Claims the port among test processes: a UDP socket leaves the TCP port free, and closes with its process. */
async function claimed(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref();
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await once(socket, 'listening');
    return true;
  } catch {
    socket.close();
    return false;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
