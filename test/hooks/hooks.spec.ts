import { Injectable, Scope } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import {
  EventsPublisher,
  OnRealtime,
  PresenceService,
  RealtimeClock,
  type RealtimeHooks,
} from '../../src/realtime/index.js';
import { Counters } from '../../src/realtime/observability/counters.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import type { WsClient } from '../support/ws-client.js';
import { changesOf, expectChanges, GRACE_MS, startHooks, type HooksInstance } from './support/hooks-app.js';

const subscribe = (client: WsClient, channel: string) => client.ask({ type: 'subscribe', channel });

describe.each(['memory', 'Redis'])('hooks of an application over %s', (store) => {
  let redis: RedisProcess | null = null;
  let one: HooksInstance;
  let two: HooksInstance;
  /** A channel with hooks, for one test. */
  let room: string;
  let rooms = 0;

  beforeAll(async () => {
    redis = store === 'memory' ? null : await RedisProcess.start();
    one = await startHooks(redis?.url ?? null);
    // In memory there is one instance.
    two = redis === null ? one : await startHooks(redis.url);
  });
  afterAll(async () => {
    await Promise.all([...new Set([one, two])].map(({ app }) => app.close()));
    await redis?.stop();
  });
  beforeEach(() => void (room = `rooms:${(rooms += 1)}`));
  afterEach(() => {
    for (const { hooks } of [one, two]) hooks.onOccupied = () => undefined;
  });

  const recorders = () => [...new Set([one.hooks, two.hooks])];
  const expectRoom = (...events: Parameters<typeof expectChanges>[2][]) => expectChanges(recorders(), room, ...events);

  it('calls those about clients on the instance of the client, in order', async () => {
    const client = await one.app.connectAs({ sub: 'hans' });
    await subscribe(client, room);
    await subscribe(client, 'halls:one');
    await client.ask({ type: 'unsubscribe', channel: 'halls:one' });
    await client.close();
    await until(() => one.hooks.of('disconnected').length === 1);
    const calls = one.hooks.calls.filter(([, payload]) => 'connectionId' in payload);
    const user = expect.objectContaining({ userId: 'hans', role: 'user' });
    const about = { connectionId: expect.any(String), user, tenant: null };
    expect(calls).toEqual([
      ['connected', about],
      ['subscribed', { ...about, channel: room }],
      ['subscribed', { ...about, channel: 'halls:one' }],
      ['unsubscribed', { ...about, channel: 'halls:one', disconnected: false }],
      ['unsubscribed', { ...about, channel: room, disconnected: true }],
      ['disconnected', { ...about, code: 1005 }],
    ]);
    expect(new Set(calls.map(([, payload]) => 'connectionId' in payload && payload.connectionId)).size).toBe(1);
    if (two !== one) expect(two.hooks.of('connected')).toEqual([]);
  });

  it('announces a channel and a user once for all instances, and their end', async () => {
    const clients = [await one.app.connectAs({ sub: 'u1' }), await two.app.connectAs({ sub: 'u1' })];
    for (const client of clients) await subscribe(client, room);
    await expectRoom('occupied');
    await clients[0]!.close();
    await delay(2 * GRACE_MS); // no event reports that nothing is announced
    await expectRoom('occupied');
    await expectChanges(recorders(), 'u1', 'online');
    await clients[1]!.close();
    await expectRoom('occupied', 'vacated');
    await expectChanges(recorders(), 'u1', 'online', 'offline');
    const [occupied, vacated] = changesOf(recorders(), room);
    expect(occupied).toEqual({ event: 'occupied', channel: room, tenant: null, sequence: expect.any(Number) });
    expect(vacated!.sequence).toBeGreaterThan(occupied!.sequence);
    expect(changesOf(recorders(), 'u1')[0]).toMatchObject({ userId: 'u1', tenant: null });
  });

  it('announces a channel again with a higher sequence', async () => {
    const expected: Parameters<typeof expectChanges>[2][] = [];
    for (const app of [one.app, two.app, one.app]) {
      const client = await app.connect();
      await subscribe(client, room);
      expected.push('occupied');
      await expectRoom(...expected);
      await client.close();
      expected.push('vacated');
      await expectRoom(...expected);
    }
    expect(new Set(changesOf(recorders(), room).map(({ sequence }) => sequence)).size).toBe(6);
  });

  it('announces only channels that a hook names', async () => {
    const client = await one.app.connect();
    await subscribe(client, 'halls:two');
    await subscribe(client, room);
    await expectRoom('occupied');
    await client.close();
    await expectRoom('occupied', 'vacated');
    expect(changesOf(recorders(), 'halls:two')).toEqual([]);
  });

  it('lets a hook that runs wait, and announces the end of the channel after it', async () => {
    let end: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (end = resolve));
    for (const { hooks } of [one, two]) hooks.onOccupied = () => running;
    const client = await one.app.connect();
    await subscribe(client, room);
    await expectRoom('occupied');
    await client.close();
    await delay(2 * GRACE_MS); // the channel is vacant by then
    await expectRoom('occupied');
    end();
    await expectRoom('occupied', 'vacated');
  });

  it('counts and logs a hook that throws, and delivers as before', async () => {
    for (const { hooks } of [one, two]) hooks.onOccupied = () => Promise.reject(new Error('the hook is broken'));
    const client = await one.app.connect();
    await subscribe(client, room);
    await expectRoom('occupied');
    await one.app.events.emit(room as 'announcements', { n: 1 } as never);
    expect(await client.next('event')).toMatchObject({ data: { n: 1 } });
    await client.close();
    await expectRoom('occupied', 'vacated');
    const threw = [...new Set([one, two])].map(({ app }) => app.app.get(Counters).hookCalls.get('threw'));
    expect(threw.reduce((sum, count) => sum + count)).toBe(1);
    const lines = [one, two].flatMap(({ app }) => app.log.lines);
    expect(lines.join('\n')).toMatch(/@OnRealtime\('occupied'\) Recorder\.occupied: threw .*the hook is broken/);
  });

  it('reports which users are online, and how many, over all instances', async () => {
    const clients = [
      await one.app.connectAs({ sub: 'u3' }),
      await two.app.connectAs({ sub: 'u4' }),
      await two.app.connectAs({ sub: 'u3' }),
      await two.app.connect(),
    ];
    const expected = { u3: true, u4: true, u5: false };
    for (const { app } of [one, two]) {
      const presence = app.app.get(PresenceService);
      expect(Object.fromEntries(await presence.isOnline(['u3', 'u4', 'u5']))).toEqual(expected);
      expect(await presence.countOnline()).toBe(2);
    }
    for (const client of clients) await client.close();
  });

  // The last test: Nest has one logger per process, that of the application that started last.
  it('does not announce a reload, also on another instance', async () => {
    // So long that a busy machine does not end it.
    const options = { occupancyGraceMs: 20_000 };
    const here = await startHooks(redis?.url ?? null, options);
    const there = redis === null ? here : await startHooks(redis.url, options);
    const instances = [...new Set([here, there])];
    const all = [...recorders(), ...instances.map(({ hooks }) => hooks)];
    const endGrace = (): void => {
      for (const { app } of instances) app.app.get(RealtimeClock).advance(options.occupancyGraceMs);
    };
    const page = await here.app.connectAs({ sub: 'u2' });
    await subscribe(page, room);
    await expectChanges(all, room, 'occupied');
    const gone = here.app.gone('u2');
    await page.close();
    await gone;
    const again = await there.app.connectAs({ sub: 'u2' });
    await subscribe(again, room);
    endGrace();
    await delay(2 * GRACE_MS); // no event reports that nothing is announced
    await expectChanges(all, room, 'occupied');
    await expectChanges(all, 'u2', 'online');
    const left = there.app.gone('u2');
    await again.close();
    await left;
    endGrace();
    await expectChanges(all, room, 'occupied', 'vacated');
    await Promise.all(instances.map(({ app }) => app.close()));
  });
});

describe('declaring a hook', () => {
  class Typed {
    @OnRealtime('occupied')
    nothing(): void {}

    @OnRealtime('connected')
    @OnRealtime('disconnected')
    both(_client: RealtimeHooks['connected']): void {}

    // @ts-expect-error an occupied channel has no code
    @OnRealtime('occupied')
    other(_payload: RealtimeHooks['disconnected']): void {}

    // @ts-expect-error `connected` has no code yet
    @OnRealtime('connected')
    tooMuch(_payload: RealtimeHooks['disconnected']): void {}

    // @ts-expect-error a client has no channel
    @OnRealtime('connected', 'rooms:one')
    withChannel(): void {}
  }

  const start = (provider: new () => object): Promise<RealtimeApp> => RealtimeApp.start({}, { providers: [provider] });

  it('accepts a method that takes the payload or nothing, and no other', () => {
    expect(new Typed()).toBeInstanceOf(Typed);
  });

  it('calls a method for each of its events', async () => {
    const calls: unknown[] = [];
    class Twice {
      @OnRealtime('connected')
      @OnRealtime('disconnected')
      both(payload: RealtimeHooks['connected']): void {
        calls.push('code' in payload);
      }
    }
    const app = await start(Twice);
    await (await app.connect()).close();
    await until(() => calls.length === 2);
    expect(calls).toEqual([false, true]);
    await app.close();
  });

  it('refuses a request-scoped provider at start', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      @OnRealtime('occupied')
      start(): void {}
    }
    await expect(start(Scoped)).rejects.toThrow(
      '@OnRealtime on Scoped.start: the class is request-scoped, and there is no request when a hook is called',
    );
  });

  it.each([
    [
      'an event without a channel',
      ['connected', 'rooms:one'],
      "@OnRealtime('connected') on Wrong.method: the event has no channel",
    ],
    [
      'an invalid pattern',
      ['occupied', 'rooms:{'],
      "@OnRealtime('occupied') on Wrong.method: the channel rooms:{ must be segments",
    ],
  ])('refuses %s at start', async (_what, [event, channel], message) => {
    class Wrong {
      method(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'method')!;
    OnRealtime(event as 'occupied', channel)(Wrong.prototype, 'method', descriptor);
    await expect(start(Wrong)).rejects.toThrow(message);
  });

  it('runs a hook in the tenant of its client', async () => {
    let done: () => void = () => undefined;
    const emitted = new Promise<void>((resolve) => (done = resolve));
    @Injectable()
    class Greeter {
      constructor(private readonly events: EventsPublisher) {}

      @OnRealtime('subscribed', 'apps:created')
      async greet({ tenant }: RealtimeHooks['subscribed']): Promise<void> {
        expect(tenant).toBe('acme');
        await this.events.emit('apps:created', { appId: 'a' } as never);
        done();
      }
    }
    const app = await RealtimeApp.start({ tenants: { claim: 'tenant' } }, { providers: [Greeter] });
    const client = await app.connectAs({ sub: 'u', tenant: 'acme' });
    await subscribe(client, 'apps:created');
    await emitted;
    expect(await client.next('event')).toMatchObject({ data: { appId: 'a' } });
    await app.close();
  });
});
