import { Injectable, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import {
  ChannelPolicy,
  ConnectionRegistry,
  EventsPublisher,
  InvalidEventError,
  RealtimeControl,
  RealtimeHealth,
  RealtimeModule,
  RealtimeUnavailableError,
  type CanSubscribe,
  type ChannelContext,
} from '../../realtime/index.js';
import { RealtimeTesting, RealtimeTestingModule, type Duration, type TestClient } from './index.js';

declare module '../../protocol/events.js' {
  interface RealtimeEvents {
    [ofAShip: `ships:${string}:moved`]: { readonly to: string };
  }
}

class Moved {
  @IsString()
  readonly to!: string;
}

/** The crew of a ship: `user:ship`. */
@ChannelPolicy('ships:{ship}:*')
class CrewPolicy implements CanSubscribe {
  canSubscribe({ principal, params }: ChannelContext): boolean {
    return principal?.user.userId === `captain-of-${params['ship']}`;
  }
}

@Injectable()
class ShipsService {
  constructor(private readonly events: EventsPublisher) {}
  move(ship: string, to: string): Promise<unknown> {
    return this.events.emit(`ships:${ship}:moved`, { to });
  }
}

@Module({
  imports: [RealtimeModule.forFeature([{ name: 'ships:{ship}:moved', data: Moved }])],
  providers: [ShipsService, CrewPolicy],
  exports: [ShipsService],
})
class ShipsModule {}

const CAPTAIN = { userId: 'captain-of-argo', endsInSeconds: 100 * 86_400 };
const CHANNEL = 'ships:argo:moved';
const OPTIONS = {
  closeTimeoutMs: 200,
  presenceGraceMs: 60_000,
  channels: [{ name: 'deck', access: 'authenticated' as const, presence: true }],
};

describe('RealtimeTesting', () => {
  let realtime: RealtimeTesting;
  let ships: ShipsService;
  let captain: TestClient;

  beforeAll(async () => {
    @Module({ imports: [RealtimeTestingModule.forRoot(OPTIONS), ShipsModule] })
    class AppModule {}
    const app = await NestFactory.create(AppModule, { logger: false });
    realtime = await RealtimeTesting.of(app, { patienceMs: 15_000 });
    ships = app.get(ShipsService);
  });
  afterAll(() => realtime.close());
  beforeEach(async () => {
    captain = await realtime.connectAs(CAPTAIN);
  });
  afterEach(() => realtime.reset());

  it('expects events by their fields or by a function, each event once', async () => {
    await captain.subscribe(CHANNEL);
    await captain.expectNoEvent();
    for (const to of ['Iolcus', 'Lemnos', 'Colchis']) await ships.move('argo', to);
    expect((await captain.expectEvent(CHANNEL, { to: 'Lemnos' })).data).toEqual({ to: 'Lemnos' });
    await captain.expectEvent(CHANNEL, ({ data }) => (data as { to: string }).to.startsWith('C'));
    await expect(captain.expectNoEvent(CHANNEL)).rejects.toThrow(
      /There should be no event on ships:argo:moved, but there is .*Iolcus/,
    );
    await captain.expectEvent(CHANNEL);
    await captain.expectNoEvent(CHANNEL);
  });

  it('reports every unexpected event, without waiting', async () => {
    await captain.subscribe(CHANNEL);
    for (let count = 0; count < 300; count += 1) {
      const moved = ships.move('argo', String(count));
      if (count % 2 === 0) await moved;
      await expect(captain.expectNoEvent(CHANNEL)).rejects.toThrow(`there is {"type":"event"`);
      await captain.expectEvent(CHANNEL, { to: String(count) });
      await moved;
    }
  });

  it('reports what arrived instead, and what the application emitted', async () => {
    const app = await NestFactory.create(RealtimeTestingModule.forRoot(), { logger: false });
    const hasty = await RealtimeTesting.of(app, { patienceMs: 50 });
    const events = app.get(EventsPublisher);
    const client = await hasty.connectAs({ userId: 'ada' });
    const miss = (matcher?: { id?: string }): Promise<string> =>
      client.expectEvent('apps:created', matcher).then(
        () => 'it was there',
        ({ message }: Error) => message,
      );
    expect(await miss()).toBe(
      'Expected an event on apps:created; nothing else arrived.\nThis client has not subscribed to apps:created.',
    );
    await client.subscribe('apps:created');
    expect(await miss()).toContain('The application has emitted nothing to apps:created.');
    await events.emit('apps:created', { id: '1', name: 'shop' });
    expect(await miss({ id: '2' })).toMatch(
      /^Expected an event on apps:created that matches \{"id":"2"\}; these arrived instead:\n {2}\{.*"shop".*\nThe application has emitted to apps:created:\n {2}published: apps:created \{"id":"1","name":"shop"\}$/,
    );
    expect(await miss({ id: expect.any(Number) as unknown as string })).toContain('matches {"id":"Any<Number>"}; ');
    await expect(client.expectEvent('apps:created', ({ data }) => data.id === '2')).rejects.toThrow(
      /^Expected an event on apps:created for which this holds: \(\{ data \}\)\s?=>\s?data\.id === '2'; these arrived/,
    );
    await client.expectEvent('apps:created', { id: '1' });
    expect(await miss({ id: '1' })).toContain('1 matching event was already expected before.');
    await expect(events.emit('apps:created', { id: '3', name: 'x'.repeat(1e6) })).rejects.toThrow('larger than');
    expect(await miss({ id: '3' })).toMatch(/\n {2}rejected \(data is larger than .*\): apps:created \{"id":"3"/);
    await expect(hasty.expectEmitted('apps:created', { id: '4' })).rejects.toThrow(
      /^Expected an emit to apps:created that matches \{"id":"4"\}\. The application has emitted:\n {2}published/,
    );
    client.dropConnection();
    await client.whenClosed();
    expect(await miss()).toContain('The connection ended: 1006.');
    await hasty.close();
  });

  it('matches at any depth, compares lists exactly, and accepts matchers of a test runner', async () => {
    await captain.subscribe('user:captain-of-argo');
    const events = realtime.get(EventsPublisher);
    await events.emitToUser('captain-of-argo', {
      crew: [{ name: 'Atalanta', oars: 2 }],
      ship: { name: 'Argo', length: 20 },
    });
    const event = await captain.expectEvent('user:captain-of-argo', {
      ship: { name: 'Argo' },
      crew: [{ name: expect.stringMatching(/^A/) }],
    });
    expect(event.data).toMatchObject({ ship: { length: 20 } });
    await events.emitToUser('captain-of-argo', 'Ahoy');
    for (const other of ['ahoy', { length: 4 }, ['Ahoy'], expect.any(Number)]) {
      await captain.expectNoEvent('user:captain-of-argo', other as string);
    }
    await captain.expectEvent('user:captain-of-argo', 'Ahoy');
  });

  it('subscribes to groups and to several channels at once, and reports each refusal', async () => {
    await captain.subscribe(['apps:*', CHANNEL]);
    await captain.expectNoEvent();
    await expect(captain.subscribe(['storage:updated', 'system:health'])).rejects.toThrow(
      'system:health was refused: forbidden, Not authorized to subscribe to this channel',
    );
    await expect(captain.expectDenied('apps:*')).rejects.toThrow('apps:* should be denied, but it was granted');
    expect(await captain.expectDenied('system:*')).toBe('forbidden');
    await captain.unsubscribe(CHANNEL);
    await ships.move('argo', 'Phasis');
    await captain.expectNoEvent(CHANNEL);
    captain.send({ type: 'list_channels' });
    await captain.next('channels');
  });

  describe('the recorder', () => {
    it('records every emit with its outcome, typed, until it is cleared', async () => {
      realtime.clearEmitted();
      await ships.move('argo', 'Iolcus');
      const bad = { to: 5 };
      await expect(realtime.get(EventsPublisher).publish(CHANNEL, bad)).rejects.toThrow('to must be a string');
      bad.to = 6;
      const emitted = realtime.emitted(CHANNEL);
      expect(emitted.map(({ data: { to }, outcome }) => [to, outcome])).toEqual([
        ['Iolcus', 'published'],
        [5, 'rejected'],
      ]);
      expect(emitted[0]!.event).toMatchObject({ channel: CHANNEL, id: expect.any(String) });
      expect(emitted[1]!.error).toBeInstanceOf(InvalidEventError);
      expect(realtime.emitted(CHANNEL, { to: 'Iolcus' })).toHaveLength(1);
      expect(realtime.emitted(CHANNEL, ({ outcome }) => outcome === 'rejected')).toHaveLength(1);
      expect(realtime.emitted('apps:created')).toEqual([]);
      realtime.clearEmitted();
      expect(realtime.emitted()).toEqual([]);
    });

    it('records events of a transaction after the commit, and refused ones at once', async () => {
      realtime.clearEmitted();
      const events = realtime.get(EventsPublisher);
      await events.transaction(async () => {
        events.afterCommit('apps:created', { id: '1', name: 'shop' });
        expect(realtime.emitted()).toEqual([]);
      });
      expect((await realtime.expectEmitted('apps:created', { name: 'shop' })).data.id).toBe('1');
      const failing = events.transaction(async () => {
        events.afterCommit('apps:deleted', { id: '1' });
        throw new Error('rolled back');
      });
      await expect(failing).rejects.toThrow('rolled back');
      expect(() => events.afterCommit(CHANNEL, { to: 5 as unknown as string })).toThrow(InvalidEventError);
      await new Promise(setImmediate);
      expect(realtime.emitted().map(({ channel, outcome }) => [channel, outcome])).toEqual([
        ['apps:created', 'published'],
        [CHANNEL, 'rejected'],
      ]);
    });

    it('records events that the application emits while it starts', async () => {
      @Injectable()
      class Eager implements OnApplicationBootstrap {
        constructor(private readonly events: EventsPublisher) {}
        async onApplicationBootstrap(): Promise<void> {
          await this.events.emit('announcements', { message: 'here' });
        }
      }
      @Module({ imports: [RealtimeTestingModule.forRoot()], providers: [Eager] })
      class EagerModule {}
      const other = await RealtimeTesting.of(await NestFactory.create(EagerModule, { logger: false }));
      expect(other.emitted('announcements')).toHaveLength(1);
      await other.close();
    });
  });

  it('expects a refusal, and fails if there is none', async () => {
    const stranger = await realtime.connectAs({ userId: 'stranger' });
    expect(await stranger.expectDenied(CHANNEL)).toBe('forbidden');
    await expect(stranger.subscribe(CHANNEL)).rejects.toThrow(`${CHANNEL} was refused: forbidden`);
    await expect(captain.expectDenied(CHANNEL)).rejects.toThrow(`${CHANNEL} should be denied, but it was granted`);
    await (await realtime.connect()).expectDenied('apps:created');
  });

  it('returns a table of the access of each user to each channel', async () => {
    const users = { nobody: null, captain: CAPTAIN, admin: { userId: 'boss', role: 'admin' } };
    expect(await realtime.policyMatrix(users, ['announcements', 'system:health', CHANNEL, 'no:such'])).toEqual({
      announcements: { nobody: 'granted', captain: 'granted', admin: 'granted' },
      'system:health': { nobody: 'forbidden', captain: 'forbidden', admin: 'granted' },
      [CHANNEL]: { nobody: 'forbidden', captain: 'granted', admin: 'forbidden' },
      'no:such': { nobody: 'unknown_channel', captain: 'unknown_channel', admin: 'unknown_channel' },
    });
  });

  it('limits a user or a guest to channels', async () => {
    const limited = await realtime.connectAs({ ...CAPTAIN, channels: ['deck'] });
    await limited.subscribe('deck');
    expect(await limited.expectDenied(CHANNEL)).toBe('forbidden');
    const guest = await realtime.connectAsGuest({ channels: ['deck'] });
    await guest.subscribe('deck');
    expect(await guest.expectDenied(CHANNEL)).toBe('forbidden');
    await expect(realtime.connectAsGuest({ channels: ['nowhere'] })).rejects.toThrow('is not a registered channel');
  });

  it('begins with the last events, and reads pages of the kept ones', async () => {
    for (const to of ['Iolcus', 'Lemnos', 'Colchis']) await ships.move('argo', to);
    await captain.subscribe(CHANNEL, { last: 1 });
    await captain.expectEvent(CHANNEL, { to: 'Colchis' });
    await captain.expectNoEvent();
    const { events, more } = await captain.history(CHANNEL, { limit: 1 });
    expect([events[0]?.data.to, more]).toEqual(['Colchis', true]);
    const before = await captain.history(CHANNEL, { limit: 2, before: events[0]!.id! });
    expect(before.events.map(({ data }) => data.to)).toEqual(['Iolcus', 'Lemnos']);
    await expect(captain.history('ships:other:moved')).rejects.toThrow('The history of ships:other:moved was refused');
  });

  it('drops a connection, and resumes on another', async () => {
    await captain.subscribe(CHANNEL);
    await ships.move('argo', 'Lesbos');
    const { id } = await captain.expectEvent(CHANNEL);
    captain.dropConnection();
    await captain.whenClosed();
    await ships.move('argo', 'Samos');
    const back = await realtime.connectAs(CAPTAIN);
    await back.subscribe(CHANNEL, id);
    await back.expectEvent(CHANNEL, { to: 'Samos' });
  });

  it('simulates a client that reads too slowly and is closed', async () => {
    await captain.subscribe(CHANNEL);
    const readOn = captain.slowConsumer();
    for (let count = 0; count < 400; count += 1) {
      await ships.move('argo', 'x'.repeat(60_000));
      await new Promise(setImmediate); // one turn of the event loop for each
    }
    readOn();
    expect(await captain.whenClosed()).toMatch(/^(4501 client reads too slowly|1006$)/); // 1006 if it did not read the close
  });

  describe('the broker', () => {
    it('can go down and recover: an emit waits, a new channel and readiness are unavailable, connections stay open', async () => {
      await captain.subscribe(CHANNEL);
      realtime.clearEmitted();
      realtime.brokerDown();
      realtime.brokerDown();
      const health = realtime.get(RealtimeHealth);
      const moves = ['Iolcus', 'Lemnos'].map((to) => ships.move('argo', to));
      expect(health.check()).toMatchObject({ status: 'unavailable', broker: 'down', queuedEvents: 2 });
      expect(health.check().reason).toContain('brokerDown()');
      await expect(captain.subscribe('announcements')).rejects.toThrow('announcements was refused: unavailable');
      await captain.expectNoEvent();
      expect(realtime.emitted(CHANNEL).map(({ outcome }) => outcome)).toEqual(['pending', 'pending']);
      realtime.brokerUp();
      await Promise.all(moves);
      expect((await captain.expectEvent(CHANNEL)).data).toEqual({ to: 'Iolcus' });
      expect((await captain.expectEvent(CHANNEL)).data).toEqual({ to: 'Lemnos' });
      expect(health.check()).toMatchObject({ status: 'ok', broker: 'up', queuedEvents: 0 });
      expect(realtime.emitted(CHANNEL).map(({ outcome }) => outcome)).toEqual(['published', 'published']);
      await captain.subscribe('announcements');
    });

    it('can be down for too long: the emitted event is rejected, and never delivered', async () => {
      await captain.subscribe(CHANNEL);
      realtime.brokerDown();
      const move = ships.move('argo', 'Colchis');
      await realtime.clock.advance('9s');
      expect(realtime.emitted(CHANNEL).at(-1)!.outcome).toBe('pending');
      await realtime.clock.advance('1s');
      await expect(move).rejects.toThrow(RealtimeUnavailableError);
      await expect(realtime.get(EventsPublisher).emit('apps:deleted', { id: '1' }, { timeoutMs: 20 })).rejects.toThrow(
        'Not published in time',
      );
      realtime.brokerUp();
      await captain.expectNoEvent(CHANNEL);
    });

    it('loses no event that is sent after a transaction', async () => {
      await captain.subscribe('apps:created');
      realtime.brokerDown();
      const events = realtime.get(EventsPublisher);
      events.afterCommit('apps:created', { id: '1', name: 'shop' });
      await realtime.clock.advance('10s');
      expect((await realtime.expectEmitted('apps:created')).outcome).toBe('pending');
      realtime.brokerUp();
      await captain.expectEvent('apps:created', { id: '1' });
      expect(realtime.emitted('apps:created').at(-1)!.outcome).toBe('published');
    });
  });

  describe('the clock', () => {
    it('expires the token of an open connection, and accepts a connection with a fresh token', async () => {
      const leaving = await realtime.connectAs({ userId: 'ada', endsInSeconds: 8 * 3_600 });
      await realtime.clock.advance('7h');
      await leaving.expectNoEvent();
      await realtime.clock.advance('1h');
      expect(await leaving.next('error')).toMatchObject({ code: 'token_expired' });
      expect(await leaving.whenClosed()).toMatch(/^4401/);
      await (await realtime.connectAs({ userId: 'ada' })).close();
    });

    it('rejects an expired token, and accepts its renewal', async () => {
      const token = realtime.tokenFor({ userId: 'ada', endsInSeconds: 60 });
      const client = await realtime.connect({ token });
      client.send({ type: 'auth', token: realtime.tokenFor({ userId: 'ada', endsInSeconds: 600 }) });
      await client.next('authenticated');
      await realtime.clock.advance('1m');
      await expect(realtime.connect({ token })).rejects.toThrow(/token_expired.* The connection ended: 4401/s);
      await client.expectNoEvent();
    });

    it('triggers due heartbeats: a silent client is closed, a live one stays', async () => {
      const silent = await realtime.connectAs({ userId: 'ada' });
      const readOn = silent.slowConsumer();
      await realtime.clock.advance('29s');
      expect(realtime.get(ConnectionRegistry).ofUser('ada').size).toBe(1);
      await realtime.clock.advance('2m');
      await captain.expectNoEvent();
      readOn();
      expect(await silent.whenClosed()).toMatch(/^(4502 heartbeat timeout|1006)/);
      await realtime.clock.advance('3h'); // the captain's token has a longer lifetime
      await captain.expectNoEvent();
    });

    it('expires presence of disconnected users, tickets, revocations and histories', async () => {
      const { now } = realtime.clock;
      const other = await realtime.connectAs({ userId: 'ada' });
      await other.subscribe('deck');
      captain.send({ type: 'subscribe', channel: 'deck', presence: true });
      expect((await captain.next('presence')).members).toHaveLength(1 + 1);
      other.dropConnection();
      await other.whenClosed();
      await ships.move('argo', 'Lemnos');
      await captain.subscribe(CHANNEL);
      const seen = realtime.emitted(CHANNEL).at(-1)!.event!.id;
      await ships.move('argo', 'Colchis');
      await captain.unsubscribe(CHANNEL);
      const token = realtime.tokenFor({ userId: 'ada', endsInSeconds: 40 * 86_400 });
      const headers = { Authorization: `Bearer ${token}` };
      const ask = (): Promise<Response> => fetch(`${realtime.origin}/realtime/tickets`, { method: 'POST', headers });
      const { ticket } = (await (await ask()).json()) as { ticket: string };
      await realtime.get(RealtimeControl).revokeSession('lost', { until: +realtime.clock.now + 60_000 });
      const lost = { userId: 'ada', jti: 'lost' };
      await expect(realtime.connectAs(lost)).rejects.toThrow('token_invalid');
      await realtime.clock.advance('30d');
      expect(+realtime.clock.now - +now).toBeGreaterThanOrEqual(30 * 86_400_000);
      expect(await captain.next('presence_diff')).toMatchObject({ left: [{ userId: 'ada' }] });
      await (await realtime.connectAs(lost)).close();
      expect((await ask()).status).toBe(201);
      await expect(
        once(new WebSocket(`${realtime.url}?ticket=${ticket}`), 'message').then(([text]) => String(text)),
      ).resolves.toContain('token_invalid');
      const back = await realtime.connectAs(CAPTAIN);
      back.send({ type: 'subscribe', channel: CHANNEL, lastEventId: seen });
      expect(await back.next('subscribed')).toMatchObject({ recovered: false, reason: 'expired' });
    });

    it('only moves forward, and rejects invalid durations', async () => {
      for (const wrong of [0, -1, NaN, '8', '8 hours', '-1h', 'soon'] as Duration[]) {
        await expect(realtime.clock.advance(wrong)).rejects.toThrow(/is not a duration: write "90s"/);
      }
    });
  });

  it('starts from scratch after a reset, except for the time', async () => {
    realtime.brokerDown();
    await realtime.reset();
    expect(await captain.whenClosed()).toBe('1006');
    expect(realtime.get(ConnectionRegistry).size).toBe(0);
    expect(realtime.emitted()).toEqual([]);
    await ships.move('argo', 'Iolcus');
  });

  it('creates no token with a tenant if the application has no tenants', async () => {
    expect(() => realtime.tokenFor({ userId: 'ada', tenant: 'acme' })).toThrow('tenants.claim');
  });
});
