import { Injectable } from '@nestjs/common';
import { OfflineGateway, type OfflineClient } from '../../../test/support/offline-gateway.js';
import { until } from '../../../test/support/until.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { OnRealtime, type RealtimeHooks } from '../hooks/on-realtime.js';
import type { RealtimeOptions } from '../options/realtime-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { OccupancyService } from './occupancy.service.js';

const ROOM = 'rooms:one';
const CHANNELS = [
  { name: 'rooms:{id}', access: 'public' as const, occupancy: true },
  { name: 'halls:{id}', access: 'public' as const },
];

/** Records the changes of channels and users, without their sequences. */
@Injectable()
class Recorder {
  readonly changes: string[] = [];

  @OnRealtime('occupied', 'halls:{id}')
  occupied({ channel }: RealtimeHooks['occupied']): void {
    this.changes.push(`occupied ${channel}`);
  }

  @OnRealtime('vacated', 'halls:{id}')
  vacated({ channel }: RealtimeHooks['vacated']): void {
    this.changes.push(`vacated ${channel}`);
  }

  @OnRealtime('online')
  online({ userId }: RealtimeHooks['online']): void {
    this.changes.push(`online ${userId}`);
  }

  @OnRealtime('offline')
  offline({ userId }: RealtimeHooks['offline']): void {
    this.changes.push(`offline ${userId}`);
  }
}

describe('OccupancyService', () => {
  let gateway: OfflineGateway;

  const start = async (
    options: Partial<RealtimeOptions> = {},
    providers: NonNullable<Parameters<typeof OfflineGateway.start>[1]> = [Recorder],
  ): Promise<void> => {
    gateway = await OfflineGateway.start({ channels: CHANNELS, occupancyGraceMs: 0, ...options }, providers);
  };
  afterEach(() => gateway.close());

  /** Advances the clock, so that due work is done. */
  const pass = async (ms: number): Promise<void> => {
    gateway.app.get(RealtimeClock).advance(ms);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };
  const changes = (): readonly string[] => gateway.app.get(Recorder).changes;
  const count = (channel = ROOM): Promise<number> => gateway.app.get(OccupancyService).countOf(channel);
  const enter = async (sub: string, channel?: string): Promise<OfflineClient> => {
    const client = gateway.enter(await gateway.principalOf({ sub }));
    if (channel !== undefined) await client.ask({ type: 'subscribe', channel }, 2);
    client.received();
    return client;
  };
  const leave = ({ connection }: OfflineClient): void =>
    gateway.app.get(RealtimeServer).connections.end(connection, 1_000);

  it('counts subscriptions, and sends each count to a watcher until it unsubscribes', async () => {
    await start({}, []);
    const watcher = await enter('anna', ROOM);
    await pass(1_000);
    expect(await watcher.ask({ type: 'occupancy', channel: ROOM, watch: true })).toMatchObject([
      { counts: { [ROOM]: 1 } },
    ]);
    const other = await enter('hans', ROOM);
    await pass(1_000);
    await pass(1_000);
    expect(watcher.received()).toMatchObject([{ type: 'occupancy', counts: { [ROOM]: 2 } }]);
    await watcher.ask({ type: 'unsubscribe', channel: ROOM });
    await pass(1_000);
    leave(other);
    await pass(1_000);
    await pass(1_000);
    expect([watcher.received(), await count()]).toEqual([[], 0]);
  });

  it('calls the hooks of a channel and of users for the first and the last one', async () => {
    await start();
    const clients = [await enter('anna', 'halls:one'), await enter('anna', 'halls:one'), await enter('anna', ROOM)];
    await pass(1_000);
    await pass(1_000);
    expect(changes().toSorted()).toEqual(['occupied halls:one', 'online anna']);
    clients.forEach(leave);
    await pass(1_000);
    await pass(1_000);
    expect(changes().slice(2).toSorted()).toEqual(['offline anna', 'vacated halls:one']);
  });

  it('counts a client until its grace period ends, and as one if it returns', async () => {
    await start({ occupancyGraceMs: 60_000 });
    leave(await enter('anna', 'halls:one'));
    await pass(30_000);
    const back = await enter('anna', 'halls:one');
    await pass(60_000);
    expect(changes().toSorted()).toEqual(['occupied halls:one', 'online anna']);
    leave(back);
    await pass(30_000);
    expect(changes()).toHaveLength(2);
    await pass(30_000);
    await pass(1);
    expect(changes()).toHaveLength(4);
  });

  it('keeps its counts while it shuts down, and announces the end when it leaves', async () => {
    await start();
    const client = await enter('anna', 'halls:one');
    await pass(100);
    const service = gateway.app.get(OccupancyService);
    service.hold();
    leave(client);
    await pass(1_000);
    expect(changes()).toHaveLength(2);
    await service.leave();
    expect(changes().slice(2).toSorted()).toEqual(['offline anna', 'vacated halls:one']);
    await service.leave();
    await pass(1_000);
    expect(changes()).toHaveLength(4);
  });

  it('does nothing without hooks and channels that are counted', async () => {
    await start({ channels: [CHANNELS[1]!] }, []);
    const client = await enter('anna', 'halls:one');
    await pass(1_000);
    expect(await count('halls:one')).toBe(0);
    leave(client);
    await gateway.app.get(OccupancyService).leave();
  });

  it('does its work in the background, without an advanced clock', async () => {
    await start();
    await enter('anna', 'halls:one');
    await until(() => changes().length === 2);
    expect(changes().toSorted()).toEqual(['occupied halls:one', 'online anna']);
  });
});
