import { Controller, Post, RequestMethod, UseInterceptors } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { IsString } from 'class-validator';
import { Redis } from 'ioredis';
import type { RequestType, ServerFrame } from '../../src/protocol/index.js';
import {
  Caller,
  Command,
  EventsPublisher,
  Input,
  InvalidEventError,
  LiveResource,
  RealtimeCommands,
  RealtimeControl,
  RealtimeStreams,
  RedisBridge,
  TenantInterceptor,
  type LoadsState,
  type Principal,
  type StateContext,
} from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { errorOf } from '../realtime/support/shapes.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { connect, type WsClient } from '../support/ws-client.js';

/** Two customers whose users have the same ids. The second one has the most awkward name that is possible. */
const A = 'acme';
const B = 'acme/apps:created{*}%2F';
const KEY = 'a key of sixteen characters';
const TENANTS = { claim: 'org', platformRole: 'admin' };
const CHANNELS = [
  { name: 'rooms:lobby', access: 'authenticated', presence: { state: true }, occupancy: true },
  { name: 'logs:own', access: 'authenticated', stream: { cancel: 'authenticated' } },
] as const;
const app = (name: string) => ({ id: name, name });

@Controller('own')
@UseInterceptors(TenantInterceptor)
class OwnController {
  constructor(private readonly events: EventsPublisher) {}

  @Post()
  async create(): Promise<object> {
    await new Promise((resolve) => void setImmediate(resolve));
    return this.events.emit('apps:updated', app('by request'));
  }
}

@WebSocketGateway({ path: '/ws' })
class OwnGateway {
  constructor(private readonly events: EventsPublisher) {}

  @SubscribeMessage('create')
  async create(): Promise<object> {
    await new Promise((resolve) => void setImmediate(resolve));
    return this.events.emit('apps:updated', app('by message'));
  }
}

@RealtimeCommands()
class OwnCommands {
  constructor(private readonly events: EventsPublisher) {}

  @Command('rename')
  async rename(@Input() { name }: { name: string }, @Caller() { tenant }: Principal): Promise<string> {
    await new Promise((resolve) => void setImmediate(resolve));
    await this.events.emit('apps:updated', app(name));
    return `${tenant} ${name}`;
  }

  @Command('wait')
  wait(): Promise<void> {
    return new Promise(() => undefined);
  }
}

class BoardDto {
  @IsString()
  name!: string;
}

/** Tenants whose boards have changed. */
const changed = new Set<string>();

@LiveResource('boards:{id}', { data: BoardDto, access: 'authenticated' })
class OwnBoards implements LoadsState<BoardDto> {
  load({ tenant }: StateContext): Promise<BoardDto> {
    return Promise.resolve({ name: `${changed.has(tenant!) ? 'new ' : ''}of ${tenant}` });
  }
}

const tokenOf = (org: unknown, sub = 'ann', role = 'user', more = {}): string => signToken({ sub, role, org, ...more });

describe.each(['memory', 'Redis'])('two tenants over %s', (engine) => {
  let redis: RedisProcess | null = null;
  let here: RealtimeApp;
  let there: RealtimeApp;
  let control: RealtimeControl;

  const enter = async (org: unknown, sub?: string, role?: string, where = there): Promise<WsClient> => {
    const client = await connect(where.url, { token: tokenOf(org, sub, role) });
    await client.next('connected');
    return client;
  };
  /** Connects as a platform admin. */
  const enterAs = async (tenant?: string): Promise<WsClient> => {
    const query = tenant === undefined ? '' : `?tenant=${encodeURIComponent(tenant)}`;
    return connect(there.url + query, { header: `Bearer ${tokenOf(undefined, 'ann', 'admin')}` });
  };
  const subscribed = async (client: WsClient, channel: string, more = {}): Promise<WsClient> => {
    expect(await client.ask({ type: 'subscribe', channel, ...more })).toMatchObject({ type: 'subscribed', channel });
    return client;
  };
  const names = async (client: WsClient, count: number): Promise<unknown[]> => {
    const found: unknown[] = [];
    while (found.length < count) found.push(((await client.next('event')).data as { name: unknown }).name);
    await client.expectNone('event');
    return found;
  };
  const post = (path: string, body: unknown, headers: Record<string, string>): Promise<Response> =>
    fetch(here.http + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const firstFrame = async (url: string, options = {}): Promise<ServerFrame> => {
    const client = await connect(url, options);
    const frame = await client.next();
    client.terminate();
    return frame;
  };
  /** Resolves once a tenant has `count` connections: those of another test may still be closing. */
  const connectionsOf = (tenant: string, count: number) =>
    until(
      () =>
        [...new Set([here, there])].reduce(
          (sum, { registry }) => sum + registry.ofTenant(tenant).connections.size,
          0,
        ) === count,
    );
  const closeAll = (...clients: WsClient[]) => Promise.all(clients.map((client) => client.close()));

  beforeAll(async () => {
    if (engine === 'Redis') redis = await RedisProcess.start();
    const options = {
      tenants: TENANTS,
      channels: [...CHANNELS],
      presenceGraceMs: 0,
      publishApiKeys: [KEY],
      operatorApi: true,
      ...(redis !== null && { redis: { url: redis.url } }),
    };
    const boot = { controllers: [OwnController], providers: [OwnGateway, OwnCommands, OwnBoards] };
    here = await RealtimeApp.start(options, boot);
    there = redis === null ? here : await RealtimeApp.start(options, boot);
    control = here.app.get(RealtimeControl);
    await until(() => [here, there].every((one) => one.app.get(RedisBridge).status.up));
  });
  afterAll(async () => {
    await here.close();
    if (there !== here) await there.close();
    await redis?.stop();
  });

  describe('an event', () => {
    it('reaches only its tenant, with unprefixed names, for every way to give the tenant', async () => {
      const [a, b] = [await enter(A), await enter(B)];
      for (const client of [a, b]) await subscribed(client, 'apps:created');
      const { events } = here;
      const emitted = await events.emit('apps:created', app('named'), { tenant: A });
      expect(emitted.channel).toBe('apps:created');
      await events.withTenant(B, async () => {
        await new Promise((resolve) => void setImmediate(resolve));
        await events.emit('apps:created', app('of b'));
        await events.emit('apps:created', app('named inside another'), { tenant: A });
        await events.withTenant(A, () => events.emit('apps:created', app('inner')));
      });
      expect(await names(a, 3)).toEqual(['named', 'named inside another', 'inner']);
      expect(await names(b, 1)).toEqual(['of b']);
      expect(a.frames.find(({ type }) => type === 'event')).toMatchObject({ channel: 'apps:created', id: emitted.id });
      await closeAll(a, b);
    });

    it('is sent after a commit to its tenant', async () => {
      const [a, b] = [await enter(A), await enter(B)];
      for (const client of [a, b]) await subscribed(client, 'apps:created');
      const { events } = here;
      await events.withTenant(A, () =>
        events.transaction(async () => {
          events.afterCommit('apps:created', app('of a'));
          events.afterCommit('apps:created', app('of b'), { tenant: B });
          await events.withTenant(B, async () => events.afterCommit('apps:created', app('of b too')));
        }),
      );
      expect(await names(a, 1)).toEqual(['of a']);
      expect(await names(b, 2)).toEqual(['of b', 'of b too']);
      expect(() => events.afterCommit('apps:created', app('nobody’s'))).toThrow(/tenant is missing/);
      await closeAll(a, b);
    });

    it('without a tenant is rejected with instructions, unless the channel is global', async () => {
      const { events } = here;
      await expect(events.emit('apps:created', app('x'))).rejects.toThrow(
        'tenant is missing: name it ({ tenant }), run the code in withTenant(tenant, …), or declare apps:created global',
      );
      await expect(events.emitToUser('ann', {})).rejects.toThrow(InvalidEventError);
      await expect(events.hasSubscribers('apps:created')).rejects.toThrow(InvalidEventError);
      await expect(events.emit('apps:created', app('x'), { tenant: '' })).rejects.toThrow(
        'tenant must be a non-empty string',
      );
      await expect(events.emit('announcements', { title: 't', message: 'm' }, { tenant: A })).rejects.toThrow(
        'announcements is global',
      );
      const clients = [await enter(A), await enter(B), await there.connect(), await enterAs()];
      for (const client of clients) await subscribed(client, 'announcements');
      await events.withTenant(A, () => events.emit('announcements', { title: 't', message: 'for all' }));
      for (const client of clients) {
        expect(await client.next('event')).toMatchObject({ data: { message: 'for all' } });
      }
      await closeAll(...clients);
    });

    it('to a user reaches the user of the tenant, though both tenants have this id', async () => {
      const [a, b] = [await enter(A), await enter(B)];
      const boss = await enter(A, 'boss', 'admin');
      for (const client of [a, b, boss]) await subscribed(client, 'user:ann');
      await here.events.emitToUser('ann', app('for b'), { tenant: B });
      await here.events.emitToUser('ann', app('for a'), { tenant: A });
      expect(await names(a, 1)).toEqual(['for a']);
      expect(await names(boss, 1)).toEqual(['for a']);
      expect(await names(b, 1)).toEqual(['for b']);
      await closeAll(a, b, boss);
    });

    it('in a request or a custom message belongs to the tenant of the sender', async () => {
      const [a, b] = [await enter(A), await enter(B)];
      for (const client of [a, b]) await subscribed(client, 'apps:updated');
      expect((await post('/own', {}, bearer(tokenOf(A)))).status).toBe(201);
      b.send({ type: 'create' });
      expect(await names(a, 1)).toEqual(['by request']);
      expect(await names(b, 1)).toEqual(['by message']);
      expect((await post('/own', {}, {})).status).toBe(500);
      expect((await post('/own', {}, bearer('rubbish'))).status).toBe(401);
      await closeAll(a, b);
    });

    it('has only the subscribers of its tenant', async () => {
      const a = await subscribed(await enter(A), 'apps:deleted');
      expect(await here.events.hasSubscribers('apps:deleted', { tenant: A })).toBe(true);
      expect(await here.events.hasSubscribers('apps:deleted', { tenant: B })).toBe(false);
      await closeAll(a);
    });
  });

  describe('every frame of a client', () => {
    let a: WsClient;
    let b: WsClient;

    const frames: { readonly [T in RequestType]: () => Promise<void> } = {
      async subscribe() {
        const first = await here.events.emit('apps:status', app('of a 1') as never, { tenant: A });
        await here.events.emit('apps:status', app('of a 2') as never, { tenant: A });
        // A position of another tenant is not valid in this tenant's channel.
        expect(await b.ask({ type: 'subscribe', channel: 'apps:status', lastEventId: first.id })).toMatchObject({
          recovered: false,
          reason: 'unknown_epoch',
        });
        expect(await a.ask({ type: 'subscribe', channel: 'apps:status', lastEventId: first.id })).toMatchObject({
          recovered: true,
        });
        expect(await names(a, 1)).toEqual(['of a 2']);
        for (const client of [a, b]) {
          client.send({ type: 'subscribe', channels: ['apps:*', 'users:*', 'storage:*'] });
          await client.fence();
        }
        await here.events.emit('storage:deleted', app('of b') as never, { tenant: B });
        expect(await names(b, 1)).toEqual(['of b']);
        await a.expectNone('event');
        // The internal form of a name is not a channel name.
        for (const channel of [
          `${A}/apps:created`,
          'acme%2Fapps:created',
          '/apps:created',
          '$ctl',
          '../apps:created',
        ]) {
          expect(await b.ask({ type: 'subscribe', channel })).toEqual(
            errorOf('invalid_message', { ref: expect.anything(), details: expect.anything() }),
          );
        }
        expect(await b.ask({ type: 'subscribe', channel: 'user:boss' })).toMatchObject({ code: 'forbidden' });
      },
      async unsubscribe() {
        expect(await b.ask({ type: 'unsubscribe', channel: 'apps:status' })).toMatchObject({ type: 'unsubscribed' });
        await here.events.emit('apps:status', app('of a 3') as never, { tenant: A });
        expect(await names(a, 1)).toEqual(['of a 3']);
        await b.expectNone('event');
      },
      async call() {
        // Users of two tenants have the same user id and the same call id: each gets the outcome of its own call.
        const call = { type: 'call', name: 'rename', callId: 'crossing' };
        expect(await a.ask({ ...call, data: { name: 'of a' } })).toMatchObject({ data: 'acme of a' });
        expect(await b.ask({ ...call, data: { name: 'of b' } })).toMatchObject({ data: `${B} of b` });
        expect(await a.ask({ ...call, data: { name: 'again' } })).toMatchObject({ data: 'acme of a' });
        expect(await names(a, 1)).toEqual(['of a']);
        expect(await names(b, 1)).toEqual(['of b']);
      },
      async cancel() {
        const own = a.ask({ type: 'call', name: 'wait', callId: 'waiting' });
        await a.fence();
        expect(await b.ask({ type: 'cancel', callId: 'waiting' })).toMatchObject({ code: 'not_found' });
        a.send({ type: 'cancel', callId: 'waiting' });
        expect(await own).toMatchObject({ code: 'cancelled', callId: 'waiting' });
      },
      async stream_cancel() {
        const cancel = { type: 'stream_cancel', channel: 'logs:own' };
        const stream = await here.app.get(RealtimeStreams).open('logs:own', { tenant: A });
        expect(await b.ask({ type: 'subscribe', channel: 'logs:own', stream: {} })).toMatchObject({
          stream: { id: null, state: 'none' },
        });
        expect(await b.ask(cancel)).toMatchObject({ code: 'not_found' });
        expect(stream.state).toBe('open');
        expect(await a.ask(cancel)).toMatchObject({ type: 'stream_cancelled' });
        expect(stream.state).toBe('cancelled');
        await b.expectNone('stream');
        await b.ask({ type: 'unsubscribe', channel: 'logs:own' });
      },
      async ping() {
        expect(await b.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
      },
      async list_channels() {
        const { channels } = (await a.ask({ type: 'list_channels' })) as Extract<ServerFrame, { type: 'channels' }>;
        expect(channels).toEqual(expect.arrayContaining(['announcements', 'apps:created', 'user:ann']));
        expect(channels.filter((name) => name.startsWith('system:') || name.includes('/'))).toEqual([]);
        const boss = await enter(A, 'boss', 'admin');
        const listed = (await boss.ask({ type: 'list_channels' })) as Extract<ServerFrame, { type: 'channels' }>;
        expect(listed.channels.filter((name) => name.startsWith('system:'))).toEqual([]);
        await closeAll(boss);
      },
      async stats() {
        expect(await b.ask({ type: 'stats' })).toMatchObject({ code: 'forbidden' });
        const [boss, same] = [await enter(A, 'boss', 'admin'), await enter(A, 'ann', 'user', here)];
        for (const channel of ['apps:created', 'announcements']) await subscribed(same, channel);
        await connectionsOf(A, 3);
        const asked = await boss.ask({ type: 'stats' });
        const { stats } = asked as Extract<ServerFrame, { type: 'stats' }>;
        // The connections are a, boss and same; ann is one user. Counts the channels of a (same has one of them),
        // without announcements.
        expect(stats.cluster).toMatchObject({
          connections: 3,
          users: 2,
          anonymous: 0,
          channels: 11,
          subscriptions: 12,
        });
        expect(stats.cluster.instances).toBe(engine === 'Redis' ? 2 : 1);
        expect(stats.channels[0]).toEqual({ channel: 'apps:created', tenant: A, subscribers: 2 });
        expect(new Set(stats.channels.map(({ tenant }) => tenant))).toEqual(new Set([A]));
        const inB = await enterAs(B);
        await connectionsOf(B, 2);
        const ofB = (await inB.ask({ type: 'stats' })) as typeof asked & { stats: typeof stats };
        expect(ofB.stats.cluster).toMatchObject({ connections: 2, users: 1, subscriptions: 10 });
        expect(new Set(ofB.stats.channels.map(({ tenant }) => tenant))).toEqual(new Set([B]));
        expect(ofB.stats.cluster.published).not.toBe(stats.cluster.published);
        await closeAll(boss, same, inB);
      },
      async auth() {
        expect(await a.ask({ type: 'auth', token: tokenOf(B) })).toMatchObject({ code: 'forbidden' });
        expect(await a.ask({ type: 'auth', token: tokenOf(undefined, 'ann', 'admin') })).toMatchObject({
          code: 'forbidden',
        });
        expect(await a.ask({ type: 'auth', token: tokenOf(A) })).toMatchObject({ type: 'authenticated' });
      },
      async history() {
        const { id } = await here.events.emit('apps:deployed', app('of a') as never, { tenant: A });
        await here.events.emit('apps:deployed', app('of b') as never, { tenant: B });
        const ask = (client: WsClient, more = {}) => client.ask({ type: 'history', channel: 'apps:deployed', ...more });
        expect(await ask(a)).toMatchObject({ events: [{ data: { name: 'of a' } }], more: false });
        expect(await ask(b)).toMatchObject({ events: [{ data: { name: 'of b' } }], more: false });
        expect(await ask(b, { before: id })).toMatchObject({ events: [], reason: 'unknown_epoch' });
        const rewinding = await enter(B, 'rewinding');
        await subscribed(rewinding, 'apps:deployed', { last: 10 });
        expect(await names(rewinding, 1)).toEqual(['of b']);
        await closeAll(rewinding);
      },
      async presence_update() {
        const [ann, ofA, ofB] = [await enter(A), await enter(A, 'watcher'), await enter(B, 'watcher')];
        for (const watcher of [ofA, ofB]) await subscribed(watcher, 'rooms:lobby', { presence: true });
        await subscribed(ann, 'rooms:lobby');
        await subscribed(b, 'rooms:lobby');
        const update = (client: WsClient, state: unknown) =>
          client.ask({ type: 'presence_update', channel: 'rooms:lobby', state });
        expect(await update(ann, 'of a')).toMatchObject({ type: 'presence_updated' });
        expect(await update(b, 'of b')).toMatchObject({ type: 'presence_updated' });
        for (const [watcher, state] of [
          [ofA, 'of a'],
          [ofB, 'of b'],
        ] as const) {
          const isState = (diff: Extract<ServerFrame, { type: 'presence_diff' }>) =>
            [...diff.joined, ...(diff.updated ?? [])].some((member) => member.state === state);
          await watcher.next('presence_diff', isState);
          expect(JSON.stringify(watcher.frames)).not.toContain(state === 'of a' ? 'of b' : 'of a');
        }
        await update(b, null);
        await b.ask({ type: 'unsubscribe', channel: 'rooms:lobby' });
        await closeAll(ann, ofA, ofB);
      },
      async occupancy() {
        const question = { type: 'occupancy', channel: 'rooms:lobby' };
        const viewer = await subscribed(await enter(A, 'v1'), 'rooms:lobby');
        const other = await subscribed(await enter(A, 'v2'), 'rooms:lobby');
        viewer.send({ ...question, watch: true });
        await viewer.next('occupancy', ({ counts }) => counts['rooms:lobby'] === 2);
        // The clients of an earlier test leave the count of their tenant within a second.
        const inB = await subscribed(await enter(B, 'viewer'), 'rooms:lobby');
        await inB.ask({ ...question, watch: true });
        await inB.next('occupancy', ({ counts }) => counts['rooms:lobby'] === 1);
        expect(await viewer.ask(question)).toMatchObject({ counts: { 'rooms:lobby': 2 } });
        await closeAll(viewer, other, inB);
      },
      async presence() {
        const only = await enter(B, 'only-in-b');
        await subscribed(a, 'rooms:lobby', { presence: true });
        expect(await a.next('presence')).toMatchObject({
          channel: 'rooms:lobby',
          members: [{ userId: 'ann', connections: 1 }],
          count: 1,
        });
        await subscribed(b, 'rooms:lobby');
        await subscribed(only, 'rooms:lobby');
        const asked = (await only.ask({ type: 'presence', channel: 'rooms:lobby' })) as Extract<
          ServerFrame,
          { type: 'presence' }
        >;
        expect(asked.members).toHaveLength(2);
        expect(await a.ask({ type: 'presence', channel: 'rooms:lobby' })).toMatchObject({
          members: [{ userId: 'ann', connections: 1 }],
          count: 1,
        });
        await closeAll(only);
        const second = await subscribed(await enter(A, 'second'), 'rooms:lobby');
        expect(await a.next('presence_diff')).toMatchObject({
          channel: 'rooms:lobby',
          joined: [{ userId: 'second' }],
          left: [],
        });
        await closeAll(second);
      },
    };

    beforeAll(async () => {
      [a, b] = [await enter(A), await enter(B)];
    });
    afterAll(() => closeAll(a, b));

    it.each(Object.keys(frames) as RequestType[])('%s', async (type) => {
      await expect(frames[type]()).resolves.toBeUndefined();
    });

    it('never delivers anything of another tenant', () => {
      expect(JSON.stringify(a.frames)).not.toMatch(/of b|only-in-b/);
      expect(JSON.stringify(b.frames)).not.toMatch(/of a/);
    });
  });

  describe('every REST call', () => {
    const calls: Readonly<Record<string, () => Promise<void>>> = {
      async 'POST /realtime/events'() {
        const [a, b] = [await enter(A), await enter(B)];
        for (const client of [a, b]) await subscribed(client, 'apps:deployed');
        const publish = (headers: Record<string, string>, name: string, more = {}, channel = 'apps:deployed') =>
          post('/realtime/events', { channel, data: app(name), ...more }, headers).then(({ status }) => status);
        const [key, platform] = [{ 'x-api-key': KEY }, bearer(tokenOf(undefined, 'root', 'admin'))];
        const [ofA, userOfA] = [bearer(tokenOf(A, 'boss', 'admin')), bearer(tokenOf(A))];
        expect(await publish(key, 'b by key', { tenant: B })).toBe(201);
        expect(await publish(platform, 'b by the platform', { tenant: B })).toBe(201);
        expect(await publish(ofA, 'a by its administrator')).toBe(201);
        expect(await publish(ofA, 'a by its administrator, named', { tenant: A })).toBe(201);
        expect(await publish(key, 'nobody’s')).toBe(400);
        expect(await publish(platform, 'nobody’s')).toBe(400);
        expect(await publish(platform, 'bad', { tenant: 5 })).toBe(400);
        expect(await publish(ofA, 'crossing', { tenant: B })).toBe(403);
        expect(await publish(ofA, 'to all', {}, 'announcements')).toBe(400);
        expect(await publish(ofA, 'to the platform', {}, 'system:health')).toBe(400);
        expect(await publish(userOfA, 'as a user')).toBe(403);
        for (const channel of [`${A}/apps:deployed`, 'acme%2Fapps:created%7B%2A%7D%252F/apps:deployed']) {
          expect(await publish(key, 'by topic', { tenant: B }, channel)).toBe(400);
        }
        const list = [
          { channel: 'apps:deployed', data: app('in a list') },
          { channel: 'apps:deployed', data: app('in a list'), tenant: B },
        ];
        expect((await post('/realtime/events', list, ofA)).status).toBe(403);
        expect(await names(a, 2)).toEqual(['a by its administrator', 'a by its administrator, named']);
        expect(await names(b, 2)).toEqual(['b by key', 'b by the platform']);
        await closeAll(a, b);
      },
      async 'GET /realtime/stream'() {
        const response = await fetch(`${here.http}/realtime/stream?tenant=${B}`, { headers: bearer(tokenOf(A)) });
        await response.body?.cancel();
        expect(response.status).toBe(403);
      },
      async 'OPTIONS /realtime/stream'() {
        // Depends on the origin only.
        expect((await fetch(`${here.http}/realtime/stream`, { method: 'OPTIONS' })).status).toBe(204);
      },
      async 'OPTIONS /realtime/stream/:connectionId/frames'() {
        const url = `${here.http}/realtime/stream/${watcher.connectionId}/frames`;
        expect((await fetch(url, { method: 'OPTIONS' })).status).toBe(204);
      },
      async 'POST /realtime/stream/:connectionId/frames'() {
        const ending = new AbortController();
        const stream = await fetch(`${there.http}/realtime/stream`, {
          headers: bearer(tokenOf(B)),
          signal: ending.signal,
        });
        let text = '';
        for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
          text += chunk;
          const connectionId = /"connectionId":"([^"]+)"/.exec(text)?.[1];
          if (connectionId === undefined) continue;
          const send = async (org: string): Promise<number> => {
            const path = `/realtime/stream/${connectionId}/frames`;
            return (await post(path, { type: 'ping' }, bearer(tokenOf(org)))).status;
          };
          expect([await send(A), await send(B)]).toEqual([404, 202]);
          break;
        }
        ending.abort();
      },
      async 'POST /realtime/commands/:name'() {
        const call = async (org: string, name: string): Promise<unknown> => {
          const body = { callId: 'crossing-http', data: { name } };
          const response = await post('/realtime/commands/rename', body, bearer(tokenOf(org)));
          return ((await response.json()) as { data: unknown }).data;
        };
        const [a, b] = [await enter(A), await enter(B)];
        for (const client of [a, b]) await subscribed(client, 'apps:updated');
        expect([await call(A, 'of a'), await call(B, 'of b'), await call(A, 'again')]).toEqual([
          ...['acme of a', `${B} of b`, 'acme of a'],
        ]);
        expect([await names(a, 1), await names(b, 1)]).toEqual([['of a'], ['of b']]);
        await closeAll(a, b);
      },
      async 'POST /realtime/tickets'() {
        const ask = async (token: string): Promise<string> => {
          const response = await post('/realtime/tickets', {}, bearer(token));
          return ((await response.json()) as { ticket: string }).ticket;
        };
        const use = async (ticket: string, tenant?: string): Promise<ServerFrame> =>
          firstFrame(`${there.url}?ticket=${ticket}${tenant === undefined ? '' : `&tenant=${tenant}`}`);
        expect(await use(await ask(tokenOf(A)))).toMatchObject({ user: { userId: 'ann' }, tenant: A });
        expect(await use(await ask(tokenOf(A)), 'beta')).toMatchObject({ code: 'forbidden' });
        const platform = tokenOf(undefined, 'root', 'admin');
        expect(await use(await ask(platform), 'beta')).toMatchObject({ user: { userId: 'root' }, tenant: 'beta' });
        expect(await use(await ask(platform))).not.toHaveProperty('tenant');
      },
      async 'GET /realtime/stats'() {
        const { cluster } = (await seen('stats')) as { cluster: { connections: number } };
        expect(cluster.connections).toBeGreaterThan(0);
      },
      async 'GET /realtime/commands'() {
        // Numbers of all tenants together, and no data.
        const { commands } = (await seen('commands')) as { commands: { command: string }[] };
        expect(commands.map(({ command }) => command)).toContain('rename');
      },
      async 'GET /realtime/live'() {
        const client = await enter(B);
        await client.ask({ type: 'subscribe', channel: 'boards:own', state: true });
        expect(await client.next('state')).toMatchObject({ data: { name: `of ${B}` } });
        const { channels, total } = (await seen('live')) as { channels: object[]; total: number };
        expect(channels).toEqual([
          expect.objectContaining({ channel: 'boards:own', tenant: B, subscribers: 1, pattern: 'boards:{id}' }),
        ]);
        // A name is that of the channel: tenants are not searched.
        expect(total).toBe(1);
        expect(await seen('live?search=acme')).toMatchObject({ channels: [], total: 0 });
        await closeAll(client);
      },
      async 'POST /realtime/live/:channel/invalidate'() {
        const [a, b] = [await enter(A), await enter(B)];
        for (const client of [a, b]) {
          await client.ask({ type: 'subscribe', channel: 'boards:own', state: true });
          await client.next('state');
        }
        changed.add(A).add(B);
        const query = new URLSearchParams({ tenant: B });
        expect(await seen(`live/boards:own/invalidate?${query}`, 'POST')).toEqual({ channel: 'boards:own', tenant: B });
        expect(await b.next('event')).toMatchObject({ data: { set: { '/name': `new of ${B}` } } });
        await a.expectNone('event');
        changed.clear();
        await closeAll(a, b);
      },
      async 'GET /realtime/streams'() {
        const stream = await here.app.get(RealtimeStreams).open('logs:own', { tenant: B });
        const { streams } = (await seen('streams')) as { streams: object[] };
        expect(streams).toEqual([expect.objectContaining({ channel: 'logs:own', tenant: B, state: 'open' })]);
        await stream.end();
      },
      async 'POST /realtime/streams/:channel/cancel'() {
        const streams = here.app.get(RealtimeStreams);
        const [a, b] = [await streams.open('logs:own', { tenant: A }), await streams.open('logs:own', { tenant: B })];
        const query = new URLSearchParams({ tenant: B });
        expect(await seen(`streams/logs:own/cancel?${query}`, 'POST')).toEqual({ channel: 'logs:own', tenant: B });
        expect([a.state, b.state]).toEqual(['open', 'cancelled']);
        await a.end();
      },
      async 'GET /realtime/connections'() {
        await connectionsOf(B, 1);
        const query = new URLSearchParams({ tenant: B });
        const { connections } = (await seen(`connections?${query}`)) as { connections: { tenant: string }[] };
        expect(connections.map(({ tenant }) => tenant)).toEqual([B]);
      },
      async 'GET /realtime/connections/:id'() {
        expect(await seen(`connections/${watcher.connectionId}`)).toMatchObject({ tenant: B, userId: 'ann' });
      },
      async 'GET /realtime/channels'() {
        const { channels } = (await seen('channels')) as { channels: object[] };
        expect(channels).toContainEqual(expect.objectContaining({ channel: 'database:table_created', tenant: B }));
        expect(channels).not.toContainEqual(expect.objectContaining({ channel: 'database:table_created', tenant: A }));
      },
      async 'GET /realtime/channels/:channel/history'() {
        await here.events.emit('database:table_created', app('of b') as never, { tenant: B });
        const of = (tenant: string) =>
          seen(`channels/database:table_created/history?${new URLSearchParams({ tenant })}`);
        expect(await of(B)).toMatchObject({ events: [{ data: { name: 'of b' } }] });
        expect(await of(A)).toMatchObject({ events: [] });
      },
      async 'GET /realtime/channels/:channel/events'() {
        await here.events.emit('database:table_updated', app('of b') as never, { tenant: B });
        const of = async (org: string) =>
          (
            await fetch(`${here.http}/realtime/channels/database:table_updated/events`, {
              headers: bearer(tokenOf(org)),
            })
          ).json();
        expect(await of(B)).toMatchObject({ events: [{ data: { name: 'of b' } }] });
        expect(await of(A)).toMatchObject({ events: [] });
      },
      async 'GET /realtime/stats/history'() {
        expect(JSON.stringify(await seen('stats/history'))).not.toContain(A);
      },
      async 'GET /realtime/whoami'() {
        expect(await seen('whoami')).toMatchObject({ role: 'admin' });
      },
      async 'GET /realtime/explain'() {
        const query = (tenant: string) =>
          seen(`explain?${new URLSearchParams({ channel: 'apps:created', user: 'ann', tenant })}`);
        expect(await query(B)).toMatchObject({ allowed: true });
      },
      async 'GET /realtime/asyncapi.json'() {
        const document = await seen('asyncapi.json');
        expect(document).toMatchObject({ channels: { apps_created: { address: 'apps:created' } } });
        for (const tenant of [A, B]) expect(JSON.stringify(document)).not.toContain(tenant);
      },
      async 'DELETE /realtime/connections/:id'() {
        const gone = await connect(there.url, { token: tokenOf(B) });
        const { connectionId } = await gone.next('connected');
        expect(await seen(`connections/${connectionId}`, 'DELETE')).toMatchObject({ disconnected: 1 });
        expect(await gone.whenClosed()).toMatchObject({ code: 4403 });
        await watcher.client.fence();
      },
      async 'POST /realtime/users/:userId/disconnect'() {
        const [a, b] = [await enter(A, 'dot'), await enter(B, 'dot')];
        await seen('users/dot/disconnect', 'POST');
        await a.fence();
        await seen(`users/dot/disconnect?${new URLSearchParams({ tenant: B })}`, 'POST');
        expect(await b.whenClosed()).toMatchObject({ code: 4403 });
        await a.fence();
        await closeAll(a);
      },
      async 'POST /realtime/users/:userId/reauthorize'() {
        const query = new URLSearchParams({ tenant: B });
        expect(await seen(`users/only-of-a/reauthorize?${query}`, 'POST')).toMatchObject({ reauthorized: 0 });
      },
      async 'POST /realtime/users/:userId/subscribe'() {
        const [a, b] = [await enter(A, 'gus'), await enter(B, 'gus')];
        const query = (tenant: string) => new URLSearchParams({ tenant, channel: 'apps:created' });
        expect(await seen(`users/gus/subscribe?${query(B)}`, 'POST')).toMatchObject({ subscribed: 1, stored: true });
        expect(await b.next('subscribed')).toMatchObject({ server: true });
        await here.events.emit('apps:created', app('of a'), { tenant: A });
        await here.events.emit('apps:created', app('of b'), { tenant: B });
        expect(await names(b, 1)).toEqual(['of b']);
        // A later connection of the user with the same id in the other tenant does not get it, either.
        const later = await enter(A, 'gus');
        for (const client of [a, later]) {
          expect(await client.ask({ type: 'list_channels' })).toMatchObject({ subscribed: [] });
        }
        await closeAll(a, b, later);
      },
      async 'POST /realtime/users/:userId/unsubscribe'() {
        const [a, b] = [await enter(A, 'hal'), await enter(B, 'hal')];
        for (const client of [a, b]) await subscribed(client, 'apps:created');
        const query = new URLSearchParams({ tenant: B, channel: 'apps:created' });
        expect(await seen(`users/hal/unsubscribe?${query}`, 'POST')).toMatchObject({ unsubscribed: 1 });
        expect(await b.next('unsubscribed')).toMatchObject({ reason: 'by_server' });
        await a.expectNone('unsubscribed');
        await closeAll(a, b);
      },
      async 'POST /realtime/sessions/:jti/disconnect'() {
        const gone = await connect(there.url, { token: tokenOf(B, 'eve', 'user', { jti: 'of b' }) });
        await gone.next('connected');
        await seen('sessions/of%20b/disconnect', 'POST');
        expect(await gone.whenClosed()).toMatchObject({ code: 4403 });
        await watcher.client.fence();
      },
      async 'POST /realtime/connections/:id/revoke'() {
        const gone = await connect(there.url, { token: tokenOf(B, 'eve', 'user', { jti: 'connection of b' }) });
        const { connectionId } = await gone.next('connected');
        expect(await seen(`connections/${connectionId}/revoke`, 'POST')).toMatchObject({ disconnected: 1 });
        expect(await gone.whenClosed()).toMatchObject({ code: 4403 });
        await watcher.client.fence();
      },
      async 'POST /realtime/users/:userId/revoke'() {
        const [a, b] = [await enter(A, 'fay'), await enter(B, 'fay')];
        await seen(`users/fay/revoke?${new URLSearchParams({ tenant: B })}`, 'POST');
        await b.whenClosed();
        await a.fence();
        await closeAll(a);
      },
      async 'POST /realtime/sessions/:jti/revoke'() {
        const gone = await connect(there.url, { token: tokenOf(B, 'eve', 'user', { jti: 'revoked of b' }) });
        await gone.next('connected');
        await seen('sessions/revoked%20of%20b/revoke', 'POST');
        await gone.whenClosed();
        await watcher.client.fence();
      },
      async 'POST /realtime/tokens/revoke'() {
        const query = new URLSearchParams({ issuedBefore: '2020-01-01T00:00:00.000Z' });
        expect(await seen(`tokens/revoke?${query}`, 'POST')).toMatchObject({ disconnected: 0 });
        await watcher.client.fence();
      },
    };

    let watcher: { readonly client: WsClient; readonly connectionId: string };
    /** Returns the operator API's response to the platform, after checking that other callers are refused. */
    const seen = async (path: string, method = 'GET'): Promise<unknown> => {
      const get = (token: string) => fetch(`${here.http}/realtime/${path}`, { method, headers: bearer(token) });
      for (const org of [A, B]) {
        for (const role of ['user', 'admin']) expect((await get(tokenOf(org, 'boss', role))).status).toBe(403);
      }
      const response = await get(tokenOf(undefined, 'root', 'admin'));
      expect(response.status).toBe(200);
      return response.json();
    };

    beforeAll(async () => {
      const client = await connect(there.url, { token: tokenOf(B) });
      const { connectionId } = await client.next('connected');
      watcher = { client, connectionId };
      await client.ask({ type: 'subscribe', channel: 'database:table_created' });
    });
    afterAll(() => watcher.client.close());

    it.each(Object.keys(calls))('%s', async (call) => {
      await expect(calls[call]!()).resolves.toBeUndefined();
    });

    it('is covered by this test', () => {
      const controllers = [...here.app.get(ModulesContainer).values()]
        .filter(({ metatype }) => metatype.name === 'RealtimeModule')
        .flatMap((module) => [...module.controllers.values()]);
      const routes = controllers.flatMap(({ metatype }) => {
        const prototype = (metatype as { prototype: object }).prototype;
        return Object.getOwnPropertyNames(prototype).flatMap((name) => {
          const handler = Reflect.get(prototype, name) as object;
          const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
          if (method === undefined) return [];
          const parts = [metatype as object, handler].map((what) => Reflect.getMetadata(PATH_METADATA, what) as string);
          return `${RequestMethod[method]} /${parts.join('/').replace(/\/+$/, '')}`;
        });
      });
      expect(routes.toSorted()).toEqual(Object.keys(calls).toSorted());
    });
  });

  describe('disconnecting and re-authorizing', () => {
    it('affects only the user of the tenant', async () => {
      const [a, b] = [await enter(A), await enter(B)];
      const platform = await enterAs(A);
      await platform.next('connected');
      await control.disconnectUser('ann', { tenant: A });
      expect(await a.whenClosed()).toMatchObject({ code: 4403 });
      await control.reauthorizeUser('ann', { tenant: A });
      for (const client of [b, platform]) await client.fence();
      await here.events.withTenant(B, () => control.disconnectUser('ann'));
      expect(await b.whenClosed()).toMatchObject({ code: 4403 });
      await platform.fence();
      await control.disconnectUser('ann', { tenant: null });
      expect(await platform.whenClosed()).toMatchObject({ code: 4403 });
      expect(() => control.disconnectUser('ann')).toThrow('tenant is missing');
      expect(() => control.reauthorizeUser('ann')).toThrow('tenant is missing');
      expect(() => control.revokeUser('ann')).toThrow('tenant is missing');
      expect(() => control.subscribe('ann', 'apps:created')).toThrow('tenant is missing');
    });

    it('blocks a revoked token, but not the user of another tenant', async () => {
      const [a, b] = [tokenOf(A, 'cat'), tokenOf(B, 'cat')];
      const living = await enter(B, 'cat');
      await control.revokeUser('cat', { tenant: A });
      await living.fence();
      expect(await firstFrame(there.url, { token: a })).toMatchObject({ code: 'token_invalid' });
      expect(await firstFrame(there.url, { token: b })).toMatchObject({ type: 'connected', tenant: B });
      expect((await post('/realtime/tickets', {}, bearer(a))).status).toBe(401);
      expect((await post('/realtime/tickets', {}, bearer(b))).status).toBe(201);
      await closeAll(living);
    });
  });

  describe('a platform admin', () => {
    it('uses the global channels, and those of a tenant that it names', async () => {
      const nowhere = await enterAs();
      const connected = await nowhere.next('connected');
      expect(connected.authorizedChannels.toSorted()).toEqual(
        ['announcements', 'system:alerts', 'system:health', 'system:metrics'].toSorted(),
      );
      for (const channel of ['apps:created', 'user:ann', 'apps:*', 'rooms:lobby']) {
        expect(await nowhere.ask({ type: 'subscribe', channel })).toMatchObject({ code: 'forbidden' });
      }
      const inB = await enterAs(B);
      const { tenant, authorizedChannels } = await inB.next('connected');
      expect(tenant).toBe(B);
      expect(authorizedChannels).toEqual(expect.arrayContaining(['apps:created', 'system:health']));
      expect(authorizedChannels).not.toContain('user:ann');
      for (const channel of ['apps:created', 'user:ann', 'system:health']) await subscribed(inB, channel);
      await here.events.emit('apps:created', app('of a'), { tenant: A });
      await here.events.emit('apps:created', app('of b'), { tenant: B });
      expect(await names(inB, 1)).toEqual(['of b']);
      // The admin is not a member of the tenant, even if a member has the same id.
      await subscribed(inB, 'rooms:lobby');
      expect(await inB.ask({ type: 'presence', channel: 'rooms:lobby' })).toMatchObject({ members: [], count: 1 });
      await closeAll(nowhere, inB);
    });

    it('sees the busy channels of all tenants; a tenant admin sees nothing of the platform', async () => {
      const a = await subscribed(await enter(A), 'database:row_updated');
      const platform = await enterAs();
      const { stats } = (await platform.ask({ type: 'stats' })) as Extract<ServerFrame, { type: 'stats' }>;
      // Other instances report every few seconds, so this asks the instance with the connection.
      expect(stats.channels).toContainEqual({ channel: 'database:row_updated', tenant: A, subscribers: 1 });
      const boss = await enter(A, 'boss', 'admin');
      for (const channel of ['system:health', 'system:*', 'system:nothing']) {
        expect(await boss.ask({ type: 'subscribe', channel })).toMatchObject({ code: 'forbidden' });
      }
      await closeAll(a, platform, boss);
    });
  });

  describe('a tenant in the query', () => {
    const firstReply = (tenant: string, token?: string) =>
      firstFrame(`${there.url}?tenant=${tenant}`, token === undefined ? {} : { header: `Bearer ${token}` });

    it('must be the tenant of the token, or is refused', async () => {
      expect(await firstReply(A, tokenOf(A))).toMatchObject({ type: 'connected', tenant: A });
      const client = await connect(`${there.url}?tenant=beta`, { header: `Bearer ${tokenOf(A, 'boss', 'admin')}` });
      expect(await client.next()).toMatchObject({
        code: 'forbidden',
        message: 'Only platform administrators can choose a tenant',
      });
      expect(await client.whenClosed()).toMatchObject({ code: 4403 });
      for (const bad of ['', 'a&tenant=b', '%ED%A0%80'.repeat(80)]) {
        expect(await firstReply(bad, tokenOf(undefined, 'root', 'admin'))).toMatchObject({ code: 'forbidden' });
      }
    });

    it('gives nothing to a connection without a token, and applies once it sends one', async () => {
      const client = await connect(`${there.url}?tenant=${A}`);
      expect(await client.next('connected')).toMatchObject({ authorizedChannels: ['announcements'] });
      expect(await client.ask({ type: 'subscribe', channel: 'apps:created' })).toMatchObject({ code: 'forbidden' });
      expect(await client.ask({ type: 'auth', token: tokenOf(B) })).toMatchObject({ code: 'forbidden' });
      await subscribed(client, 'announcements');
      const token = tokenOf(undefined, 'root', 'admin');
      expect(await client.ask({ type: 'auth', token })).toMatchObject({ type: 'authenticated' });
      await subscribed(client, 'apps:created');
      await here.events.emit('apps:created', app('of b'), { tenant: B });
      await here.events.emit('apps:created', app('of a'), { tenant: A });
      expect(await names(client, 1)).toEqual(['of a']);
      await closeAll(client);
    });
  });

  it('a token without a tenant is refused with the reason', async () => {
    const client = await connect(there.url, { token: tokenOf(undefined) });
    expect(await client.next()).toMatchObject({ code: 'token_invalid', message: 'The token names no tenant' });
    expect(await client.whenClosed()).toMatchObject({ code: 4401 });
    for (const org of ['', true, ['acme'], { acme: 1 }]) {
      expect(await firstFrame(there.url, { token: tokenOf(org) })).toMatchObject({ code: 'token_invalid' });
      expect((await post('/realtime/tickets', {}, bearer(tokenOf(org)))).status).toBe(401);
    }
  });

  it('keys never contain the unescaped name of a tenant', async () => {
    if (redis === null) return;
    const stranger = new Redis(redis.url);
    const keys = await stranger.keys('*');
    stranger.disconnect();
    const ofB = keys.filter((key) => key.includes('acme%2Fapps%3Acreated%7B%2A%7D%252F/'));
    expect(ofB.length).toBeGreaterThan(0);
    for (const key of keys)
      expect(key).toMatch(
        /^rt:(\w+:(\{[\w.%:@$/-]+\}|[\w-]+)(:[\w-]+)*|nodes|revoked|subscribed|counting|data|calls)$/,
      );
  });
});
