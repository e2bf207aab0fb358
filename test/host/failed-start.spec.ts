import { Module, type DynamicModule, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { EventsPublisher, RealtimeModule } from '../../src/realtime/index.js';
import { withDefaults } from '../realtime/support/realtime-app.js';
import { Child } from '../support/child.js';
import { RedisProcess } from '../support/redis-process.js';

@Module({})
class RootModule {}

class FailsInInit implements OnModuleInit {
  onModuleInit(): void {
    throw new Error('no database');
  }
}

class FailsInBootstrap implements OnApplicationBootstrap {
  onApplicationBootstrap(): void {
    throw new Error('no database');
  }
}

const SETTINGS = { logger: false, abortOnError: false } as const;

describe('a start that fails, with Redis', () => {
  let redis: RedisProcess;
  let observer: Redis;
  beforeAll(async () => {
    redis = await RedisProcess.start();
    observer = new Redis(redis.url);
  });
  afterAll(async () => {
    observer?.disconnect();
    await redis?.stop();
  });

  const rootWith = (...providers: NonNullable<DynamicModule['providers']>): DynamicModule => ({
    module: RootModule,
    imports: [RealtimeModule.forRoot(withDefaults({ redis: { url: redis.url } }))],
    providers,
  });

  /** Number of connections since the start, including closed ones. */
  const connectionsMade = async (): Promise<number> =>
    Number(/total_connections_received:(\d+)/.exec(await observer.info('stats'))![1]);
  const connections = async (): Promise<number> =>
    ((await observer.client('LIST')) as string).split('\n').filter((line) => line.includes('nestjs-realtime')).length;
  /** Redis registers the start and end of a connection with a delay. */
  const expectConnections = async (count: number): Promise<void> => {
    let open = await connections();
    for (let tries = 0; open !== count && tries < 1_000; tries += 1) open = await connections();
    expect(open).toBe(count);
  };
  const expectReleased = (): Promise<void> => expectConnections(0);

  it('opens no connection if a provider cannot be created', async () => {
    const before = await connectionsMade();
    const failing = { provide: 'failing', useFactory: () => Promise.reject(new Error('no database')) };
    await expect(NestFactory.create(rootWith(failing), SETTINGS)).rejects.toThrow('no database');
    await expect(Test.createTestingModule({ imports: [rootWith(failing)] }).compile()).rejects.toThrow('no database');
    expect(await connectionsMade()).toBe(before);
  });

  it('opens none if an onModuleInit fails, in app.init() and in a test', async () => {
    const before = await connectionsMade();
    const app = await NestFactory.create(rootWith(FailsInInit), SETTINGS);
    await expect(app.init()).rejects.toThrow('no database');
    const testing = await Test.createTestingModule({ imports: [rootWith(FailsInInit)] }).compile();
    await expect(testing.init()).rejects.toThrow('no database');
    expect(await connectionsMade()).toBe(before);
    await app.close();
    await testing.close();
  });

  it('app.close() releases all if an onApplicationBootstrap failed', async () => {
    const app = await NestFactory.create(rootWith(FailsInBootstrap), SETTINGS);
    await expect(app.init()).rejects.toThrow('no database');
    await app.close();
    await expectReleased();
  });

  it('app.close() releases all after a port was in use; another port would have served', async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const app = await NestFactory.create(rootWith(), SETTINGS);
    try {
      const { port } = taken.address() as AddressInfo;
      await expect(app.listen(port, '127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });
      await expect(app.get(EventsPublisher).emit('apps:created', { id: '1', name: 'one' })).resolves.toBeDefined();
    } finally {
      await app.close();
      taken.close();
    }
    await expectReleased();
  });

  it('connects when it is used before the start', async () => {
    const app = await NestFactory.create(rootWith(), SETTINGS);
    await expect(app.get(EventsPublisher).emit('apps:created', { id: '1', name: 'one' })).resolves.toBeDefined();
    await expectConnections(3); // one publishes, one subscribes, one reads
    await app.close();
    await expectReleased();
  });

  describe('in a process', () => {
    const OUTPUTS = {
      factory: 'failed: factory\n',
      onModuleInit: 'failed: onModuleInit\n',
      onApplicationBootstrap: 'failed: onApplicationBootstrap\n',
      listen: 'EADDRINUSE\n',
      script: 'published\nfailed: script\n',
    };
    let child: Child;
    beforeAll(() => {
      const dist = resolve('dist', 'realtime');
      if (!existsSync(dist)) throw new Error('dist is missing: run "npm run build" first');
      const options = withDefaults({ redis: { url: redis.url } });
      child = new Child(process.execPath, [
        resolve('test/host/support/failing-start.mjs'),
        JSON.stringify({ dist, options, failures: Object.keys(OUTPUTS) }),
      ]);
    });
    afterAll(() => child?.kill('SIGKILL'));

    it.each(Object.entries(OUTPUTS))(
      'the process ends by itself, although nothing closes the application: %s',
      async (how, said) => {
        expect(await child.exited).toEqual({ code: 0, signal: null });
        const outputs = child.output.split(/^== /m).slice(1);
        expect(outputs).toContain(`${how}\n${said}`);
        expect(outputs).toHaveLength(Object.keys(OUTPUTS).length);
      },
    );
  });
});
