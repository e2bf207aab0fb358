import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  EventsPublisher,
  InvalidEventError,
  RealtimeModule,
  RealtimeUnavailableError,
  type EmittedEvent,
} from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { signToken } from '../support/jwt.js';
import { childScript } from './support/child-app.js';
import { inNextLogInterval } from '../support/log-intervals.js';
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

  it('is not disturbed by an observer that throws or rejects', async () => {
    const publisher = app.app.get<EventsPublisher>(EventsPublisher);
    const seen: string[] = [];
    const interval = inNextLogInterval();
    publisher.onEmit(() => {
      throw new Error('of the test');
    });
    publisher.onEmit(() => Promise.reject(new Error('of the test')));
    publisher.onEmit(({ channel }) => void seen.push(channel));
    await expect(publisher.emit('apps:created', { id: '1', name: 'one' })).resolves.toMatchObject({
      channel: 'apps:created',
    });
    publisher.afterCommit('apps:created', { id: '2', name: 'two' });
    expect(seen).toEqual(['apps:created', 'apps:created']);
    expect(app.log.lines).toContainEqual(expect.stringContaining('error: An observer of onEmit failed'));
    interval.restore();
  });

  const throwNull = (): never => {
    throw null;
  };
  const circular: { self?: unknown } = {};
  circular.self = circular;

  it.each<[string, string, unknown, object, string]>([
    ['an unregistered channel', 'nobody:knows', 1, {}, 'channel is not registered: "nobody:knows"'],
    ['a wildcard', 'apps:*', 1, {}, 'channel is not registered'],
    ['an empty channel', '', 1, {}, 'channel is not registered'],
    ['an encoding that is not canonical', 'user:%61', 1, {}, 'channel is not registered'],
    ['no channel', undefined as unknown as string, 1, {}, 'channel is not registered'],
    ['no data', 'apps:created', undefined, {}, 'data must be JSON-serializable'],
    ['a function', 'apps:created', () => 1, {}, 'data must be JSON-serializable'],
    ['a symbol', 'apps:created', Symbol('x'), {}, 'data must be JSON-serializable'],
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
    ['a key that is not a string', 'apps:created', 1, { idempotencyKey: 5 }, 'idempotencyKey must have'],
    ['a key that is null', 'apps:created', 1, { idempotencyKey: null }, 'idempotencyKey must have'],
    ['no time', 'apps:created', 1, { timeoutMs: 0 }, 'timeoutMs must be'],
    ['negative time', 'apps:created', 1, { timeoutMs: -1 }, 'timeoutMs must be'],
    ['time that is not a number', 'apps:created', 1, { timeoutMs: NaN }, 'timeoutMs must be'],
    ['a string as time', 'apps:created', 1, { timeoutMs: '5' }, 'timeoutMs must be'],
    ['time as a BigInt', 'apps:created', 1, { timeoutMs: 5n }, 'timeoutMs must be'],
    ['a string as memory', 'apps:created', 1, { idempotencyMs: '5' }, 'idempotencyMs must be'],
    ['a string as options', 'apps:created', 1, 'key' as unknown as object, 'options must be an object'],
    ['options as a list', 'apps:created', 1, ['key'], 'options must be an object'],
    ['options as a function', 'apps:created', 1, () => ({}), 'options must be an object'],
    ['a tenant without tenants', 'apps:created', 1, { tenant: null }, 'tenant must not be given'],
    ['a channel that is null', null as unknown as string, 1, {}, 'channel is not registered: null'],
    ['a channel that is a number', 5 as unknown as string, 1, {}, 'channel is not registered: number'],
    ['a channel that is a BigInt', 5n as unknown as string, 1, {}, 'channel is not registered: bigint'],
    ['a channel that is an object', circular as unknown as string, 1, {}, 'channel is not registered: object'],
    ['a channel that is a symbol', Symbol('x') as unknown as string, 1, {}, 'channel is not registered: symbol'],
    ['a promise', 'apps:created', Promise.resolve(1), {}, 'data cannot hold a Promise (data): await it before'],
    ['a Map inside', 'apps:created', { apps: new Map() }, {}, 'data cannot hold a Map (data.apps)'],
    ['a toJSON that throws null', 'apps:created', { toJSON: throwNull }, {}, 'data cannot be turned into JSON: null'],
  ])('rejects %s with a specific error that names the field', async (_what, channel, data, options, sentence) => {
    const error: unknown = await app.events.publish(channel, data, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidEventError);
    expect(error).toMatchObject({ code: 'invalid_event', field: sentence.split(' ')[0] });
    expect((error as Error).message).toContain(sentence);
  });

  it('accepts data of exactly the limit', async () => {
    for (const data of ['x'.repeat(998), 'ü'.repeat(499)]) {
      await expect(app.events.publish('apps:created', data)).resolves.toMatchObject({ channel: 'apps:created' });
    }
  });

  it('treats undefined and null fields as JSON does', async () => {
    await expect(app.events.publish('apps:created', null)).resolves.toMatchObject({ channel: 'apps:created' });
  });

  it('publishes no rejected event', async () => {
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'apps:created' });
    await app.events.publish('apps:created', circular).catch(() => undefined);
    const { id } = await app.events.publish('apps:created', 1);
    expect(await client.next('event')).toMatchObject({ id, data: 1 });
    await client.close();
  });

  it('rejects promises as data, and their later rejections do not end the process', async () => {
    const unhandled: unknown[] = [];
    const keep = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', keep);
    const failing = (): Promise<never> => Promise.reject(new Error('of the test'));
    const rejected = app.events.publish('apps:created', failing());
    await expect(rejected).rejects.toThrow('await it before');
    await expect(app.events.publish('apps:created', { inside: [failing()] })).rejects.toThrow('await it before');
    await new Promise<void>((resolve) => void setTimeout(resolve, 1));
    process.off('unhandledRejection', keep);
    expect(unhandled).toEqual([]);
  });

  it('treats null options as missing', async () => {
    const none = null as unknown as undefined;
    await expect(app.events.publish('apps:created', 1, none)).resolves.toMatchObject({ channel: 'apps:created' });
    await expect(app.events.emitToUser('u1', 1, none)).resolves.toMatchObject({ channel: 'user:u1' });
    await expect(app.events.prepare('apps:created', 1, none)()).resolves.toMatchObject({ channel: 'apps:created' });
    await expect(app.events.hasSubscribers('users:updated', none)).resolves.toBe(false);
    expect(app.events.serialise('apps:created', 1, none)).toEqual({
      ...{ json: '1', tenant: null, exclusion: null, cause: null },
    });
    expect(await app.events.transaction(async () => 5, none)).toBe(5);
    app.events.afterCommit('apps:created', { id: '1', name: 'x' }, none);
  });

  it.each<[string, unknown]>([
    ['', ''],
    ['a lone surrogate', '\ud800'],
    ['too long', 'x'.repeat(196)],
    ['too long once encoded', 'ü'.repeat(33)],
    ['undefined', undefined],
    ['null', null],
    ['a symbol', Symbol('u1')],
    ['an object', { id: 'u1' }],
    ['a list', ['u1']],
    ['a promise', Promise.resolve('u1')],
    ['NaN', NaN],
    ['a fraction', 1.5],
    ['negative', -1],
    ['true', true],
  ])('emitToUser rejects an invalid user id (%s), and sends nothing', async (_what, id) => {
    const seen: string[] = [];
    app.events.onEmit(({ channel }) => void seen.push(channel));
    const error: unknown = await app.events.emitToUser(id as string, 1).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidEventError);
    expect(error).toMatchObject({ field: 'userId' });
    expect(seen).toEqual(['user:']);
  });

  it.each([42, 42n])('emitToUser accepts the integer %p, like a token', async (id) => {
    const emitted = app.events.emitToUser(id as unknown as string, 1);
    await expect(emitted).resolves.toMatchObject({ channel: 'user:42' });
  });

  it.each(['u1', 'a:b', '*', '../..', 'ü 😀', '%', 'user:u1', '__proto__'])(
    'emitToUser reaches %j only',
    async (sub) => {
      const client = await app.connect({ token: signToken({ sub }) });
      const { authorizedChannels } = await client.next('connected');
      const channel = authorizedChannels.at(-1)!;
      await client.ask({ type: 'subscribe', channel });
      await app.events.emitToUser('someone else', 0);
      await app.events.emitToUser(sub, 1);
      expect(await client.next('event')).toMatchObject({ channel, data: 1 });
      await client.close();
    },
  );

  describe('with an idempotencyKey', () => {
    it('publishes once, and returns the id of the first for the second', async () => {
      const client = await app.connectAs();
      await client.ask({ type: 'subscribe', channel: 'apps:created' });
      const twice = [1, 2].map((data) => app.events.publish('apps:created', data, { idempotencyKey: 'k' }));
      const [first, second] = (await Promise.all(twice)) as [EmittedEvent, EmittedEvent];
      expect(second.id).toBe(first.id);
      expect(await client.next('event')).toMatchObject({ data: 1, id: first.id });
      await client.expectNone('event');
      await client.close();
    });

    it('distinguishes channels and keys', async () => {
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

  it('knows whether a channel has subscribers', async () => {
    await expect(app.events.hasSubscribers('storage:updated')).resolves.toBe(false);
    const client = await app.connectAs();
    await client.ask({ type: 'subscribe', channel: 'storage:updated' });
    await expect(app.events.hasSubscribers('storage:updated')).resolves.toBe(true);
    await client.close();
  });

  it('counts every rejected event, and logs one line per kind in ten seconds, without its data', async () => {
    const counters = app.app.get(Counters, { strict: false });
    const before = counters.failedEvents.get('invalid_event');
    for (let n = 0; n < 50; n += 1)
      void app.events.publish('storage:updated', new Map([['the secret', 'of the data']]));
    await expect(app.events.publish('storage:updated', Promise.resolve())).rejects.toThrow('await it before');
    expect(counters.failedEvents.get('invalid_event')).toBe(before + 51);
    const lines = app.log.lines.filter((line) => line.includes('An event to storage:updated was not published'));
    expect(lines).toEqual([expect.stringContaining('data cannot hold a Map (data): send Object.fromEntries(map)')]);
    expect(app.log.lines.join('\n')).not.toContain('of the data');
  });

  it('rejects with RealtimeUnavailableError after shutdown', async () => {
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

  it('publishes before listen(), from a module that does not import it, and later clients can resume it', async () => {
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

  it('is not global with isGlobal: false', async () => {
    @Module({ imports: [RealtimeModule.forRoot({ ...withDefaults({}), isGlobal: false }), FeatureModule] })
    class RootModule {}
    const start = NestFactory.createApplicationContext(RootModule, { logger: new LogBook(), abortOnError: false });
    await expect(start).rejects.toThrow(/EventsPublisher/);
  });

  it('accepts options from a factory', async () => {
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

  it('never crashes the process by an ignored rejection, and the process exits by itself', async () => {
    const child = childScript('publish-carelessly.mjs');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/^published \w+-1$/m);
    expect(child.stdout).toMatch(/\nalive\n$/);
    // One line each: an invalid channel or user, invalid data of apps:created, and an emit after shutdown.
    expect(child.output.match(/An event to/g)).toHaveLength(3);
  });
});
