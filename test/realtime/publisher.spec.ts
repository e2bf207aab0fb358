import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EventsPublisher,
  InvalidEventError,
  RealtimeModule,
  RealtimeUnavailableError,
  type EmittedEvent,
} from '../../src/realtime/index.js';
import { signToken } from '../support/jwt.js';
import { childScript } from './support/child-app.js';
import { LogBook, RealtimeApp, withDefaults } from './support/realtime-app.js';
import { EVENT_ID } from './support/shapes.js';

describe('EventsPublisher', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start({
      maxEventBytes: 1_000,
      channels: [{ name: 'cursor:moved', access: 'authenticated', history: false }],
    });
  });
  afterAll(() => app.close());

  const circular: { self?: unknown } = {};
  circular.self = circular;

  it.each<[string, string, unknown, object, string]>([
    ['a channel that nobody registered', 'nobody:knows', 1, {}, 'channel is not registered: "nobody:knows"'],
    ['a wildcard', 'apps:*', 1, {}, 'channel is not registered'],
    ['an empty channel', '', 1, {}, 'channel is not registered'],
    ['an encoding that is not canonical', 'user:%61', 1, {}, 'channel is not registered'],
    ['no channel', undefined as unknown as string, 1, {}, 'channel is not registered'],
    ['no data', 'apps:created', undefined, {}, 'data must be something that JSON can hold'],
    ['a function', 'apps:created', () => 1, {}, 'data must be something that JSON can hold'],
    ['a symbol', 'apps:created', Symbol('x'), {}, 'data must be something that JSON can hold'],
    ['a circle', 'apps:created', circular, {}, 'data cannot be turned into JSON'],
    ['a BigInt', 'apps:created', { n: 1n }, {}, 'data cannot be turned into JSON'],
    ['a toJSON that throws', 'apps:created', { toJSON: () => fail() }, {}, 'data cannot be turned into JSON'],
    [
      'a getter that throws',
      'apps:created',
      Object.defineProperty({}, 'x', { enumerable: true, get: fail }),
      {},
      'data',
    ],
    ['data too large', 'apps:created', 'x'.repeat(999), {}, 'data is larger than 1000 bytes'],
    ['data too large in bytes only', 'apps:created', 'ü'.repeat(500), {}, 'data is larger than 1000 bytes'],
    ['an empty key', 'apps:created', 1, { idempotencyKey: '' }, 'idempotencyKey must have 1 to 200 characters'],
    ['a long key', 'apps:created', 1, { idempotencyKey: 'x'.repeat(201) }, 'idempotencyKey must have'],
    ['a key that is no text', 'apps:created', 1, { idempotencyKey: 5 }, 'idempotencyKey must have'],
    ['a key that is null', 'apps:created', 1, { idempotencyKey: null }, 'idempotencyKey must have'],
    ['no time', 'apps:created', 1, { timeoutMs: 0 }, 'timeoutMs must be'],
    ['negative time', 'apps:created', 1, { timeoutMs: -1 }, 'timeoutMs must be'],
    ['time that is no number', 'apps:created', 1, { timeoutMs: NaN }, 'timeoutMs must be'],
  ])(
    'refuses %s, by an error of its own type that names the field',
    async (_what, channel, data, options, sentence) => {
      const error: unknown = await app.events.publish(channel, data, options).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidEventError);
      expect(error).toMatchObject({ code: 'invalid_event', field: sentence.split(' ')[0] });
      expect((error as Error).message).toContain(sentence);
    },
  );

  it('takes data of exactly the limit', async () => {
    for (const data of ['x'.repeat(998), 'ü'.repeat(499)]) {
      await expect(app.events.publish('apps:created', data)).resolves.toMatchObject({ channel: 'apps:created' });
    }
  });

  it('takes undefined and null fields as JSON does', async () => {
    await expect(app.events.publish('apps:created', null)).resolves.toMatchObject({ channel: 'apps:created' });
  });

  it('publishes nothing that was refused', async () => {
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await app.events.publish('apps:created', circular).catch(() => undefined);
    const { id } = await app.events.publish('apps:created', 1);
    expect(await client.next('event')).toMatchObject({ id, data: 1 });
    await client.close();
  });

  it.each(['', '\ud800', 'x'.repeat(196), 'ü'.repeat(33)])(
    'emitToUser refuses an id without a channel: %j',
    async (id) => {
      await expect(app.events.emitToUser(id, 1)).rejects.toBeInstanceOf(InvalidEventError);
    },
  );

  it.each(['u1', 'a:b', '*', '../..', 'ü 😀', '%', 'user:u1', '__proto__'])(
    'emitToUser reaches %j only',
    async (sub) => {
      const client = await app.connect({ token: signToken({ sub }) });
      const { authorizedChannels } = await client.next('connected');
      const channel = authorizedChannels.at(-1)!;
      await client.ask({ type: 'subscribe', channel });
      await app.events.emitToUser('somebody else', 0);
      await app.events.emitToUser(sub, 1);
      expect(await client.next('event')).toMatchObject({ channel, data: 1 });
      await client.close();
    },
  );

  describe('with an idempotencyKey', () => {
    it('publishes once, and answers the second with the id of the first', async () => {
      const client = await app.connectAs();
      await client.ask({ type: 'subscribe', channel: 'apps:created' });
      const twice = [1, 2].map((data) => app.events.publish('apps:created', data, { idempotencyKey: 'k' }));
      const [first, second] = (await Promise.all(twice)) as [EmittedEvent, EmittedEvent];
      expect(second.id).toBe(first.id);
      expect(await client.next('event')).toMatchObject({ data: 1, id: first.id });
      await client.expectNone('event');
      await client.close();
    });

    it('tells channels and keys apart', async () => {
      const ids = await Promise.all([
        app.events.publish('apps:updated', 1, { idempotencyKey: 'a' }),
        app.events.publish('apps:updated', 1, { idempotencyKey: 'b' }),
        app.events.publish('apps:deleted', 1, { idempotencyKey: 'a' }),
        app.events.publish('apps:updated', 1),
      ]);
      expect(new Set(ids.map(({ id }) => id)).size).toBe(4);
    });

    it('publishes once on a channel without history too', async () => {
      const client = await app.connectAs();
      await client.ask({ type: 'subscribe', channel: 'cursor:moved' });
      await app.events.publish('cursor:moved', 1, { idempotencyKey: 'k' });
      await app.events.publish('cursor:moved', 2, { idempotencyKey: 'k' });
      expect(await client.next('event')).toMatchObject({ data: 1 });
      await client.expectNone('event');
      await client.close();
    });
  });

  it('knows whether anyone listens', async () => {
    await expect(app.events.hasSubscribers('storage:updated')).resolves.toBe(false);
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'storage:updated' });
    await expect(app.events.hasSubscribers('storage:updated')).resolves.toBe(true);
    await client.close();
  });

  it('logs what was refused, without its data', async () => {
    await app.events.publish('nobody:knows', 'the secret of the data').catch(() => undefined);
    expect(app.log.lines.at(-1)).toContain('An event to nobody:knows was not published');
    expect(app.log.lines.join('\n')).not.toContain('the secret of the data');
  });

  it('rejects with RealtimeUnavailableError after the end', async () => {
    const other = await RealtimeApp.start();
    await other.close();
    await expect(other.events.emit('announcements', { message: 'm' })).rejects.toBeInstanceOf(RealtimeUnavailableError);
  });
});

function fail(): never {
  throw new Error('not this way');
}

describe('EventsPublisher without a server that listens', () => {
  @Injectable()
  class EmitsAtStart implements OnModuleInit {
    emitted: EmittedEvent | undefined;
    constructor(private readonly events: EventsPublisher) {}
    async onModuleInit(): Promise<void> {
      this.emitted = await this.events.emit('apps:created', { id: '1', name: 'early' });
    }
  }

  @Module({ providers: [EmitsAtStart] })
  class FeatureModule {}

  it('publishes before listen(), from a module that does not import it, and whoever comes later can have it', async () => {
    const app = await RealtimeApp.start({}, { imports: [FeatureModule] });
    const { emitted } = app.app.get(EmitsAtStart);
    expect(emitted?.id).toMatch(EVENT_ID);
    const client = await app.connectAs();
    const lastEventId = emitted!.id.replace(/-1$/, '-0');
    await client.ask({ type: 'subscribe', channel: 'apps:created', lastEventId });
    expect(await client.next('event')).toMatchObject({ id: emitted!.id });
    await app.close();
  });

  it('publishes in an application context without HTTP', async () => {
    @Module({ imports: [RealtimeModule.forRoot(withDefaults({}))] })
    class WorkerModule {}
    const worker = await NestFactory.createApplicationContext(WorkerModule, {
      logger: new LogBook(),
      abortOnError: false,
    });
    await expect(worker.get(EventsPublisher).emit('announcements', { message: 'm' })).resolves.toMatchObject({
      channel: 'announcements',
    });
    await worker.close();
  });

  it('is not global when told so', async () => {
    @Module({ imports: [RealtimeModule.forRoot({ ...withDefaults({}), isGlobal: false }), FeatureModule] })
    class RootModule {}
    const start = NestFactory.createApplicationContext(RootModule, { logger: new LogBook(), abortOnError: false });
    await expect(start).rejects.toThrow(/EventsPublisher/);
  });

  it('takes options from a factory', async () => {
    const module = RealtimeModule.forRootAsync({
      useFactory: () => Promise.resolve(withDefaults({ maxEventBytes: 10 })),
    });
    @Module({ imports: [module] })
    class RootModule {}
    const worker = await NestFactory.createApplicationContext(RootModule, {
      logger: new LogBook(),
      abortOnError: false,
    });
    await expect(worker.get(EventsPublisher).publish('announcements', 'x'.repeat(11))).rejects.toThrow('10 bytes');
    await worker.close();
  });

  it('never ends the process by a rejection that was ignored, and the process ends by itself', async () => {
    const child = childScript('publish-carelessly.mjs');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/^published \w+-1$/m);
    expect(child.stdout).toMatch(/\nalive\n$/);
    expect(child.output.match(/An event to/g)).toHaveLength(7);
  });
});
