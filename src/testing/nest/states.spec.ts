import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { IsString } from 'class-validator';
import {
  ChannelPolicy,
  EventsPublisher,
  LiveResource,
  LiveResources,
  RealtimeModule,
  RealtimeStreams,
  type CanSubscribe,
  type LoadsState,
  type StateContext,
} from '../../realtime/index.js';
import { RealtimeTesting, RealtimeTestingModule, type TestClient } from './index.js';

class Ship {
  @IsString()
  port!: string;
}

@Injectable()
class Harbour {
  isClosed = false;
  readonly logs = new Map<string, string>();
}

@LiveResource('ships:{ship}:state', { data: Ship, access: 'authenticated' })
class Ships implements LoadsState<Ship> {
  constructor(private readonly harbour: Harbour) {}

  load({ params: { ship = '' } }: StateContext): Promise<Ship> {
    if (this.harbour.isClosed) return Promise.reject(new Error('closed'));
    const { logs } = this.harbour;
    return Promise.resolve(Object.assign({ port: 'Iolcus' }, logs.has(ship) && { log: logs.get(ship) }));
  }
}

@ChannelPolicy('secrets:{name}')
class Nobody implements CanSubscribe {
  canSubscribe = (): boolean => false;
}

@Module({
  imports: [
    RealtimeTestingModule.forRoot(),
    RealtimeModule.forFeature([
      { name: 'logs:{id}', access: 'authenticated', stream: { cancel: { owner: 'id' } } },
      { name: 'oars:{id}', access: 'authenticated', stream: { lines: true } },
      { name: 'secrets:{name}', stream: true },
      { name: 'ships:{ship}:moved', access: 'authenticated' },
    ]),
  ],
  providers: [Harbour, Ships, Nobody],
})
class AppModule {}

describe('a client of RealtimeTesting', () => {
  let realtime: RealtimeTesting;
  let ada: TestClient;
  let count = 0;

  const name = (): string => `ada-${(count += 1)}`;

  beforeAll(async () => {
    realtime = await RealtimeTesting.of(await NestFactory.create(AppModule, { logger: false }), { patienceMs: 15_000 });
  });
  afterAll(() => realtime.close());
  beforeEach(async () => {
    ada = await realtime.connectAs({ userId: 'ada' });
  });
  afterEach(() => realtime.reset());

  it('holds the state of a live resource, and sees each patch', async () => {
    const channel = `ships:${name()}:state`;
    const ship = await ada.live(channel);
    expect(await ship.expectState()).toEqual({ port: 'Iolcus' });
    const { position } = ship;
    const live = realtime.get(LiveResources);
    await live.patch(channel, { port: 'Lemnos', crew: { atalanta: { oar: 2 } } });
    await ship.expectState({ crew: { atalanta: { oar: expect.any(Number) } } });
    expect(ship.data).toEqual({ port: 'Lemnos', crew: { atalanta: { oar: 2 } } });
    expect(ship.position).not.toBe(position);
    await live.set(channel, { port: 'Colchis' });
    await ship.expectState((state) => Object.keys(state as object).length === 1);
    await ada.expectNoEvent();
  });

  it('receives a large state whole, and the error while it cannot be loaded', async () => {
    const harbour = realtime.get(Harbour);
    const id = name();
    harbour.logs.set(id, 'x'.repeat(200_000));
    const ship = await ada.live(`ships:${id}:state`);
    await ship.expectState({ log: 'x'.repeat(200_000) });
    harbour.isClosed = true;
    await realtime.get(LiveResources).invalidate(`ships:${id}:state`);
    await ship.expectStateError();
    harbour.isClosed = false;
    await ship.expectState();
  });

  it('reads a stream from its start to its end', async () => {
    const channel = `logs:${name()}`;
    const writer = await realtime.get(RealtimeStreams).open(channel);
    await writer.write('größe ');
    const log = await ada.stream(channel);
    await log.expectText('größe');
    await writer.write('2\n');
    expect(await log.expectText(/2\n$/)).toBe('größe 2\n');
    await writer.end({ exitCode: 0 });
    expect(await log.expectEnd()).toEqual({ state: 'done', result: { exitCode: 0 }, reason: undefined });
    const late = await ada.stream(channel);
    await late.expectText((text) => text === 'größe 2\n');
    await late.expectEnd('done');
    const next = await realtime.get(RealtimeStreams).open(channel);
    await next.write('again');
    await late.expectText(/^again$/);
    await next.fail('wind');
    expect(await late.expectEnd('failed')).toMatchObject({ reason: 'wind' });
  });

  it('reads the values of a stream of JSON lines', async () => {
    const channel = `oars:${name()}`;
    const early = await ada.stream(channel);
    expect(early.state).toBe('none');
    const writer = await realtime.get(RealtimeStreams).open(channel);
    await writer.pipe([{ oar: 1 }, { oar: 2, rower: 'Atalanta' }]);
    expect(await early.expectItem({ rower: 'Atalanta' })).toEqual({ oar: 2, rower: 'Atalanta' });
    expect([early.items.length, early.text]).toEqual([2, '']);
    await writer.end();
    await early.expectEnd();
  });

  it('cancels a stream if it is allowed to', async () => {
    const { signal } = await realtime.get(RealtimeStreams).open('logs:ada');
    const log = await ada.stream('logs:ada');
    const other = await realtime.connectAs({ userId: 'bob' });
    await expect((await other.stream('logs:ada')).cancel()).rejects.toThrow(
      'stream_cancel of logs:ada was refused: forbidden',
    );
    await log.cancel();
    await log.expectEnd('cancelled');
    expect(signal.aborted).toBe(true);
  });

  it('reports refusals', async () => {
    await expect(ada.live(`logs:${name()}`)).rejects.toThrow('was refused: invalid_message');
    await expect(ada.live('ships:argo:other')).rejects.toThrow('was refused: unknown_channel');
    await expect(ada.stream('secrets:x')).rejects.toThrow('subscribe of secrets:x was refused: forbidden');
    expect(await ada.expectDenied('secrets:x')).toBe('forbidden');
    await expect(ada.expectDenied('logs:argo')).rejects.toThrow('logs:argo should be denied, but it was granted');
  });

  it('leaves events to other expectations once a live resource is released or refused', async () => {
    const channel = `ships:${name()}:state`;
    await (await ada.live(channel)).expectState();
    await ada.unsubscribe(channel);
    await expect(ada.live('ships:argo:moved')).rejects.toThrow(
      'subscribe of ships:argo:moved was refused: invalid_message',
    );
    await ada.subscribe([channel, 'ships:argo:moved']);
    await realtime.get(LiveResources).patch(channel, { port: 'Lemnos' });
    await ada.expectEvent(channel, { set: { '/port': 'Lemnos' } });
    await realtime.get(EventsPublisher).emit('ships:argo:moved', { to: 'Lemnos' });
    await ada.expectEvent('ships:argo:moved', { to: 'Lemnos' });
  });

  it('names the expectation to use if events of a live resource are expected', async () => {
    const { channel } = await ada.live(`ships:${name()}:state`);
    ada.dropConnection();
    await expect(ada.expectEvent(channel)).rejects.toThrow(`This client follows ${channel}: use expectState`);
  });
});
