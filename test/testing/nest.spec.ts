import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import {
  ChannelPolicy,
  EventsPublisher,
  RealtimeModule,
  type CanSubscribe,
  type ChannelContext,
} from '../../src/realtime/index.js';
import { RealtimeTesting, RealtimeTestingModule, type TestClient } from '../../src/testing/nest/index.js';

declare module '../../src/protocol/events.js' {
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

const CAPTAIN = { userId: 'captain-of-argo' };
const CHANNEL = 'ships:argo:moved';

describe('RealtimeTesting', () => {
  let realtime: RealtimeTesting;
  let ships: ShipsService;
  let captain: TestClient;

  beforeAll(async () => {
    @Module({ imports: [RealtimeTestingModule.forRoot({ closeTimeoutMs: 200 }), ShipsModule] })
    class AppModule {}
    const app = await NestFactory.create(AppModule, { logger: false });
    realtime = await RealtimeTesting.of(app, { patienceMs: 15_000 });
    ships = app.get(ShipsService);
  });
  afterAll(() => realtime.close());
  beforeEach(async () => {
    captain = await realtime.connectAs(CAPTAIN);
  });
  afterEach(() => captain.dropConnection());

  it('expects events, by their fields or by a function, and none twice', async () => {
    await captain.subscribe(CHANNEL);
    await captain.expectNoEvent();
    for (const to of ['Iolcus', 'Lemnos', 'Colchis']) await ships.move('argo', to);
    expect((await captain.expectEvent(CHANNEL, { to: 'Lemnos' })).data).toEqual({ to: 'Lemnos' });
    await captain.expectEvent(CHANNEL, ({ data }) => (data as { to: string }).to.startsWith('C'));
    await expect(captain.expectNoEvent(CHANNEL)).rejects.toThrow(/There should be no such event, .*Iolcus/);
    await captain.expectEvent(CHANNEL);
    await captain.expectNoEvent(CHANNEL);
  });

  it('says what came instead', async () => {
    const app = await NestFactory.create(RealtimeTestingModule.forRoot(), { logger: false });
    const hasty = await RealtimeTesting.of(app, { patienceMs: 50 });
    const client = await hasty.connectAs({ userId: 'ada' });
    await client.subscribe('apps:created');
    await expect(client.expectEvent('apps:created')).rejects.toThrow('Expected event; nothing else came.');
    await app.get(EventsPublisher).emit('apps:created', { id: '1', name: 'shop' });
    await expect(client.expectEvent('apps:created', { id: '2' })).rejects.toThrow(
      /Expected event; what came instead:\n {2}\{.*"shop"/,
    );
    await hasty.close();
  });

  it('expects a refusal, and tells where there is none', async () => {
    const stranger = await realtime.connectAs({ userId: 'stranger' });
    expect(await stranger.expectDenied(CHANNEL)).toBe('forbidden');
    await expect(stranger.subscribe(CHANNEL)).rejects.toThrow(`${CHANNEL} was refused: forbidden`);
    await expect(captain.expectDenied(CHANNEL)).rejects.toThrow(`${CHANNEL} should be denied, but it was granted`);
    await (await realtime.connect()).expectDenied('apps:created');
  });

  it('makes a table of who may use what', async () => {
    const users = { nobody: null, captain: CAPTAIN, admin: { userId: 'boss', role: 'admin' } };
    expect(await realtime.policyMatrix(users, ['announcements', 'system:health', CHANNEL, 'no:such'])).toEqual({
      announcements: { nobody: 'granted', captain: 'granted', admin: 'granted' },
      'system:health': { nobody: 'forbidden', captain: 'forbidden', admin: 'granted' },
      [CHANNEL]: { nobody: 'forbidden', captain: 'granted', admin: 'forbidden' },
      'no:such': { nobody: 'unknown_channel', captain: 'unknown_channel', admin: 'unknown_channel' },
    });
  });

  it('drops a line, and resumes on another', async () => {
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

  it('has a client that reads too slowly, and is closed for it', async () => {
    await captain.subscribe(CHANNEL);
    const readOn = captain.slowConsumer();
    for (let count = 0; count < 400; count += 1) {
      await ships.move('argo', 'x'.repeat(60_000));
      await new Promise(setImmediate); // a turn of the loop for each
    }
    readOn();
    expect(await captain.whenClosed()).toMatch(/^(4501 reads too slowly|1006 )/); // or cut off, for it did not read the close
  });

  it('makes tokens that end', async () => {
    const leaving = await realtime.connectAs({ userId: 'ada', endsInSeconds: 1 });
    expect(await leaving.next('error')).toMatchObject({ code: 'token_expired' });
    expect(await leaving.whenClosed()).toMatch(/^4401/);
  });
});
