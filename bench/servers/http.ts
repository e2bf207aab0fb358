import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { PeerSettings } from './peer.js';

export function createServer({ tls }: PeerSettings): Server {
  return tls === undefined ? createHttpServer() : createHttpsServer(tls);
}

/** @returns the port */
export async function listen(server: Server, { port = 0 }: PeerSettings): Promise<number> {
  server.listen({ port, host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
