import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import type * as Realtime from '../../src/realtime/index.js';
import { PUBLISH_KEY, SECRET } from '../tokens.js';
import type { Peer, PeerSettings } from './peer.js';

/** The built module (`BENCH_DIST`, or `dist`) inside a Nest application, with its default ids, history and policies. */
export async function startModule({ tls, compression, redisUrl, directPublishApi }: PeerSettings): Promise<Peer> {
  const built = pathToFileURL(`${process.env['BENCH_DIST'] ?? 'dist'}/realtime/index.js`).href;
  const { EventsPublisher, RealtimeModule } = (await import(built)) as typeof Realtime;
  class RootModule {}
  const realtime = RealtimeModule.forRoot({
    jwt: { secret: SECRET },
    publishApiKeys: [PUBLISH_KEY],
    // The whole load comes from one address, so limits are raised. No feature is switched off.
    heartbeatIntervalMs: 600_000,
    framesPerSecond: 100_000,
    maxConnectionsPerUser: 100_000,
    maxConnectionsPerAddress: 100_000,
    handshakesPerSecond: 1_000_000,
    handshakesPerSecondPerUser: 1_000_000,
    maxEventLoopDelayMs: 60_000,
    maxSubscriptionsPerConnection: 100_000,
    ...(compression === true ? { compression: true } : {}),
    ...(directPublishApi === undefined ? {} : { directPublishApi }),
    ...(redisUrl === undefined ? {} : { redis: { url: redisUrl } }),
  });
  const app = await NestFactory.create(
    { module: RootModule, imports: [realtime] },
    { logger: ['error', 'warn'], ...(tls === undefined ? {} : { httpsOptions: tls }) },
  );
  await app.listen(0, '127.0.0.1');
  const events = app.get(EventsPublisher);
  return {
    port: ((app.getHttpServer() as Server).address() as AddressInfo).port,
    publish: (channel, data) => events.publish(channel, data),
  };
}
