import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import type * as Realtime from '../../src/realtime/index.js';
import { PUBLISH_KEY, SECRET } from '../tokens.js';
import type { Peer, PeerSettings } from './peer.js';

/** The whole load comes from one address. */
const LIMITS_OF_AN_ADDRESS = { maxConnectionsPerAddress: 100_000, requestBytesPerSecondOfAddress: 1_000_000_000 };

/** The limits are raised, because the load is larger than that of real clients. No feature is switched off. */
const LIMITS = {
  heartbeatIntervalMs: 600_000,
  framesPerSecond: 100_000,
  maxConnections: 100_000,
  maxConnectionsPerUser: 100_000,
  maxConnectionsPerAddress: 100_000,
  handshakesPerSecond: 1_000_000,
  handshakesPerSecondPerUser: 1_000_000,
  maxEventLoopDelayMs: 60_000,
  maxSubscriptionsPerConnection: 100_000,
  commands: { perSecond: 1_000_000, maxRunningPerUser: 1_000_000, maxKeptPerUser: 100_000_000 },
};

/** The built module (`BENCH_DIST`, or `dist`) inside a Nest application, with its default ids, history and policies. */
export async function startModule(settings: PeerSettings): Promise<Peer> {
  const { port = 0, tls, compression, redisUrl, directPublishApi } = settings;
  const built = pathToFileURL(`${process.env['BENCH_DIST'] ?? 'dist'}/realtime/index.js`).href;
  const module = (await import(built)) as typeof Realtime;
  const { EventsPublisher, RealtimeModule } = module;
  class RootModule {}
  const realtime = RealtimeModule.forRoot({
    jwt: jwtOptions(settings),
    publishApiKeys: [PUBLISH_KEY],
    ...(settings.defaultLimits === true ? LIMITS_OF_AN_ADDRESS : LIMITS),
    ...(compression === true ? { compression: true } : {}),
    ...(directPublishApi === undefined ? {} : { directPublishApi }),
    ...(redisUrl === undefined ? {} : { redis: { url: redisUrl } }),
  });
  const app = await NestFactory.create(
    { module: RootModule, imports: [realtime], providers: [emptyCommands(module)] },
    { logger: ['error', 'warn'], ...(tls === undefined ? {} : { httpsOptions: tls }) },
  );
  await app.listen(port, '127.0.0.1');
  const events = app.get(EventsPublisher);
  return {
    port: ((app.getHttpServer() as Server).address() as AddressInfo).port,
    publish: (channel, data) => events.publish(channel, data),
  };
}

/** Commands that do nothing, without guards and classes. Older builds of the module have no commands. */
function emptyCommands({ Command, RealtimeCommands }: Partial<typeof Realtime>): Type<object> {
  class EmptyCommands {
    read(): void {}
    once(): void {}
  }
  const { prototype } = EmptyCommands;
  Command?.('read', { once: false })(prototype, 'read', Object.getOwnPropertyDescriptor(prototype, 'read')!);
  Command?.('once')(prototype, 'once', Object.getOwnPropertyDescriptor(prototype, 'once')!);
  RealtimeCommands?.()(EmptyCommands);
  return EmptyCommands;
}

function jwtOptions({ issuer }: PeerSettings): { secret: string } | { publicKey: string } {
  if (issuer === undefined) return { secret: SECRET };
  return issuer.algorithm === 'HS256' ? { secret: issuer.verifyingKey } : { publicKey: issuer.verifyingKey };
}
