import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Peer, PeerSettings } from './peer.js';

/** A Nest application without this module. */
export async function startNest({ port = 0 }: PeerSettings): Promise<Peer> {
  class RootModule {}
  const app = await NestFactory.create({ module: RootModule }, { logger: ['error', 'warn'] });
  await app.listen(port, '127.0.0.1');
  return { port: ((app.getHttpServer() as Server).address() as AddressInfo).port, publish: () => undefined };
}
