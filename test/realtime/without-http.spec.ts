import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { EventsPublisher, RealtimeModule } from '../../src/realtime/index.js';
import { RedisProcess } from '../support/redis-process.js';
import type { WsClient } from '../support/ws-client.js';
import { OtherGateway } from './support/other-gateways.js';
import { LogBook, RealtimeApp, withDefaults, type TestOptions } from './support/realtime-app.js';

@Module({})
class WorkerModule {}

function worker(options: TestOptions): DynamicModule {
  return { module: WorkerModule, imports: [RealtimeModule.forRoot(withDefaults(options))] };
}

/** A transport without a connection: the module does not depend on where a microservice's messages come from. */
const strategy = { listen: (started: () => void): void => started(), close: (): void => undefined };

type Start = (root: DynamicModule, log: LogBook) => Promise<INestApplicationContext>;

const PROCESSES: readonly [string, Start][] = [
  [
    'NestFactory.createApplicationContext',
    (root, logger) => NestFactory.createApplicationContext(root, { logger, abortOnError: false }),
  ],
  [
    'NestFactory.createMicroservice',
    async (root, logger) => {
      const service = await NestFactory.createMicroservice(root, { strategy, logger, abortOnError: false });
      await service.listen();
      return service;
    },
  ],
  [
    'Test.createNestMicroservice',
    async (root, logger) => {
      const testing = await Test.createTestingModule({ imports: [root] })
        .setLogger(logger)
        .compile();
      const service = testing.createNestMicroservice({ strategy });
      await service.listen();
      return service;
    },
  ],
];

describe('a process without HTTP', () => {
  let redis: RedisProcess;
  let app: RealtimeApp;
  let client: WsClient;

  beforeAll(async () => {
    redis = await RedisProcess.start();
    app = await RealtimeApp.start({ redis: { url: redis.url } });
    client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
  });
  afterAll(async () => {
    await app?.close();
    await redis?.stop();
  });

  it.each(PROCESSES)('%s publishes to the clients of an HTTP instance over Redis', async (name, start) => {
    const log = new LogBook();
    const service = await start(worker({ redis: { url: redis.url } }), log);
    try {
      await service.get(EventsPublisher).emit('apps:created', { id: '1', name });
      expect(await client.next('event')).toMatchObject({ channel: 'apps:created', data: { name } });
      expect(log.lines.filter((line) => line.includes('Serving WebSocket'))).toEqual([]);
      const warnings = log.lines.filter((line) => /^(warn|error)/.test(line));
      // On a busy machine the other instance can confirm late.
      expect(warnings.filter((line) => !line.includes('did not confirm'))).toEqual([]);
    } finally {
      await service.close();
    }
  });

  it.each(PROCESSES)('%s publishes without Redis to no client, and exits', async (_name, start) => {
    const service = await start(worker({}), new LogBook());
    await expect(service.get(EventsPublisher).emit('apps:created', { id: '1', name: 'one' })).resolves.toMatchObject({
      channel: 'apps:created',
    });
    await service.close();
  });

  it('also starts with a gateway of the application, as without the module', async () => {
    const root = { ...worker({}), providers: [OtherGateway] };
    const service = await NestFactory.createMicroservice(root, { strategy, logger: false, abortOnError: false });
    await expect(service.listen()).resolves.toBeUndefined();
    await service.close();
  });
});
