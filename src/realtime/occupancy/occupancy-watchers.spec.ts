import { framesOf, offlineConnection } from '../../../test/support/offline-connection.js';
import { MemoryOccupancyStore } from '../backends/memory/memory.occupancy-store.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { PausedFeed, Subscription } from '../connections/subscription.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { COUNT_MS, OccupancyWatchers } from './occupancy-watchers.js';

/** Interval of reads without a hint. */
const RENEW_MS = 5_000;

/** A store that records the keys of each read. */
class RecordingStore extends MemoryOccupancyStore {
  readonly reads: string[][] = [];
  /** Rejects reads with this error. */
  error: Error | null = null;

  override async totals(keys: Iterable<string>): Promise<ReadonlyMap<string, number>> {
    this.reads.push([...keys]);
    if (this.error !== null) throw this.error;
    return super.totals(this.reads.at(-1)!);
  }
}

describe('the watchers of counts', () => {
  let time: number;
  let store: RecordingStore;
  let watchers: OccupancyWatchers;

  beforeEach(() => {
    time = 10_000;
    store = new RecordingStore('here', new RealtimeClock());
    watchers = new OccupancyWatchers(
      store,
      () => RENEW_MS,
      () => time,
    );
  });

  const subscribe = (channel = 'room') => {
    const connection = offlineConnection();
    return { connection, subscription: new Subscription(connection, channel) };
  };
  const countsOf = ({ connection }: ReturnType<typeof subscribe>) => framesOf(connection).map(({ counts }) => counts);
  /** Stores a count, and runs a round in which it is due. */
  const storeCount = async (count: number, channel = 'room'): Promise<void> => {
    await store.write(new Map([[`c:${channel}`, count]]));
    watchers.changed(channel);
    time += COUNT_MS;
    await watchers.round();
  };

  it('receive each count once, and nothing after they ended', async () => {
    const [one, other] = [subscribe(), subscribe()];
    watchers.watch(one.subscription);
    watchers.watch(other.subscription);
    await storeCount(3);
    await storeCount(3);
    await storeCount(4);
    watchers.unwatch(other.subscription);
    await storeCount(0);
    expect([countsOf(one), countsOf(other)]).toEqual([
      [{ room: 3 }, { room: 4 }, { room: 0 }],
      [{ room: 3 }, { room: 4 }],
    ]);
    watchers.unwatch(one.subscription);
    const { length } = store.reads;
    await storeCount(5);
    expect(store.reads).toHaveLength(length);
  });

  it('receive the last count when they begin, unless they know it', async () => {
    const [first, knowing, other] = [subscribe(), subscribe(), subscribe()];
    watchers.watch(first.subscription);
    await storeCount(3);
    watchers.watch(knowing.subscription, 3);
    watchers.watch(other.subscription, 2);
    expect([countsOf(knowing), countsOf(other)]).toEqual([[], [{ room: 3 }]]);
  });

  it('receive 0 for a channel that no instance counts', async () => {
    const watcher = subscribe();
    watchers.watch(watcher.subscription);
    await watchers.round();
    expect(countsOf(watcher)).toEqual([{ room: 0 }]);
  });

  it('receive the current count when they resume, and none while they are paused', async () => {
    const [watcher, stranger] = [subscribe(), subscribe()];
    watchers.watch(watcher.subscription);
    watcher.subscription.feed = new PausedFeed(null);
    await storeCount(3);
    expect(countsOf(watcher)).toEqual([]);
    watcher.subscription.feed = null;
    watchers.resumed(watcher.subscription);
    watchers.resumed(stranger.subscription);
    expect([countsOf(watcher), countsOf(stranger)]).toEqual([[{ room: 3 }], []]);
  });

  it('cause a read after a change, once a second at most, and without a hint after each interval', async () => {
    const watcher = subscribe();
    watchers.watch(watcher.subscription);
    await watchers.round();
    await watchers.round();
    expect(store.reads).toEqual([['c:room']]);
    watchers.changed('room');
    watchers.changed('unwatched');
    time += COUNT_MS - 1;
    await watchers.round();
    expect(store.reads).toHaveLength(1);
    time += 1;
    await watchers.round();
    expect(store.reads).toHaveLength(2);
    time += RENEW_MS - 1;
    await watchers.round();
    expect(store.reads).toHaveLength(2);
    time += 1;
    await watchers.round();
    expect(store.reads).toHaveLength(3);
  });

  it('cause fewer reads if sending takes long', async () => {
    const watcher = subscribe();
    watchers.watch(watcher.subscription);
    const { sendBuffer } = watcher.connection;
    const send = sendBuffer.send.bind(sendBuffer);
    sendBuffer.send = (frame) => (time += 300) > 0 && send(frame);
    await storeCount(1);
    watchers.changed('room');
    time += 2_699;
    await watchers.round();
    expect(store.reads).toHaveLength(1);
    time += 1;
    await watchers.round();
    expect(store.reads).toHaveLength(2);
  });

  it('share a read of at most 500 channels', async () => {
    for (let index = 0; index < 501; index += 1) watchers.watch(subscribe(`room${index}`).subscription);
    await Promise.all([watchers.round(), watchers.round()]);
    expect(store.reads.map(({ length }) => length)).toEqual([500]);
    await watchers.round();
    expect(store.reads.map(({ length }) => length)).toEqual([500, 1]);
  });

  it('need no read for a recent count, and share the others', async () => {
    watchers.watch(subscribe().subscription);
    await storeCount(3);
    await store.write(new Map([['c:room', 4]]));
    expect([await watchers.count('room'), store.reads.length]).toEqual([3, 1]);
    time += COUNT_MS;
    expect(await Promise.all([watchers.count('room'), watchers.count('room')])).toEqual([4, 4]);
    expect(await watchers.count('empty')).toBe(0);
    expect(store.reads).toEqual([['c:room'], ['c:room'], ['c:empty']]);
    await store.write(new Map([['c:room', 5]]));
    expect(await watchers.count('room')).toBe(5);
  });

  it('are refused while the store is unavailable, and read again later', async () => {
    const watcher = subscribe();
    watchers.watch(watcher.subscription);
    store.error = new RealtimeUnavailableError('down');
    await expect(watchers.round()).rejects.toBe(store.error);
    await expect(watchers.count('room')).rejects.toMatchObject({ code: 'unavailable', channel: 'room' });
    store.error = new TypeError('a bug');
    await expect(watchers.count('room')).rejects.toBe(store.error);
    store.error = null;
    await storeCount(2);
    expect(countsOf(watcher)).toEqual([{ room: 2 }]);
  });
});
