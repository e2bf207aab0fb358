import { RealtimeUnavailableError } from '../broker/errors.js';
import { PausedFeed, Subscription } from '../connections/subscription.js';
import type { SendBuffer } from '../connections/send-buffer.js';
import { PresenceChannel } from './presence-channel.js';
import { MemoryPresenceStore } from '../backends/memory/memory.presence-store.js';
import type { Present } from './presence-store.js';

const LEASE = { leaseMs: 15_000, renewMs: 5_000 };

/** A store that the test controls. */
class Store extends MemoryPresenceStore {
  writes = 0;
  reads = 0;
  /** Size of the written info and state, in bytes. */
  bytes = 0;
  down = false;
  removed = false;
  /** Counts of other instances. */
  readonly others = new Map<string, number>();
  onWrite: () => void = () => undefined;
  onRead: () => Promise<void> = async () => undefined;

  override async write(...[channel, counts, data]: Parameters<MemoryPresenceStore['write']>): Promise<void> {
    this.check();
    this.writes += 1;
    this.onWrite();
    this.bytes += [...(data ?? [])].reduce((sum, [, entry]) => sum + JSON.stringify(entry).length, 0);
    await super.write(channel, counts, data);
  }

  override async read(channel: string): Promise<Present> {
    this.check();
    this.reads += 1;
    await this.onRead();
    const present = await super.read(channel);
    return { ...present, removed: this.removed, members: new Map([...present.members, ...this.others]) };
  }

  private check(): void {
    if (this.down) throw new RealtimeUnavailableError('down');
  }
}

interface SentFrame {
  readonly type: string;
  readonly members?: readonly { userId: string }[];
  readonly joined?: readonly { userId: string }[];
  readonly left?: readonly { userId: string }[];
  readonly updated?: readonly { userId: string; state?: unknown }[];
}

/** A subscription that records the sent frames. */
function subscriber() {
  const sent: SentFrame[] = [];
  const receive = (frame: Buffer) => sent.push(JSON.parse(frame.toString()) as SentFrame);
  const sendBuffer = { send: receive, isBelowReplayLimit: true } as unknown as SendBuffer;
  const connection = {
    sendBuffer,
    subscriptions: new Map<string, Subscription>(),
    send: () => undefined,
    answer: receive,
  };
  return { sent, subscription: new Subscription(connection, 'c') };
}

const names = (members: readonly { userId: string }[]): string[] =>
  members.map(({ userId }) => userId).toSorted((a, b) => (a < b ? -1 : 1));

describe('PresenceChannel', () => {
  let store: Store;
  let channel: PresenceChannel;
  /** Notifications of other instances. */
  let hints: number;
  /** Controlled clock, in milliseconds. */
  let clock: number;

  beforeEach(() => {
    store = new Store();
    hints = 0;
    channel = new PresenceChannel(
      'c',
      store,
      LEASE,
      () => void (hints += 1),
      () => clock,
    );
    clock = 1_000;
  });

  const later = async (milliseconds: number): Promise<void> => {
    clock += milliseconds;
    await channel.sync();
  };
  const watching = async () => {
    const watcher = subscriber();
    channel.local.enter(watcher.subscription, 'w');
    channel.onEntered();
    channel.watch(watcher.subscription);
    await channel.flush();
    return watcher;
  };

  /** Adds many watchers that call `sent` for each frame. */
  const watchingBy = async (count: number, sent: () => void): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const sendBuffer = { send: sent, isBelowReplayLimit: true } as unknown as SendBuffer;
      const connection = { sendBuffer, subscriptions: new Map(), send: () => undefined, answer: () => undefined };
      const subscription = new Subscription(connection, 'c');
      channel.local.enter(subscription, 'w');
      channel.watch(subscription);
    }
    channel.onEntered();
    await channel.flush();
    await later(100);
  };

  it('does not block other clients while it notifies thousands of watchers', async () => {
    let sent = 0;
    let sentInOneTurn = 0;
    await watchingBy(2_000, () => {
      if (sent === 0) setImmediate(() => (sentInOneTurn = sent));
      sent += 1;
    });
    channel.local.enter(subscriber().subscription, 'new');
    await later(1_000);
    await later(1_000);
    await new Promise(setImmediate);
    expect(sent).toBe(2_000);
    expect(sentInOneTurn).toBeGreaterThan(0);
    expect(sentInOneTurn).toBeLessThanOrEqual(250);
  });

  it('notifies other instances after it changed stored members, or removed those of a dead instance', async () => {
    channel.local.enter(subscriber().subscription, 'u');
    channel.onEntered();
    store.onWrite = () => expect(hints).toBe(0);
    await channel.flush();
    expect(hints).toBe(1);
    const read = async (): Promise<void> => {
      const listed = channel.list();
      await channel.flush();
      await listed;
    };
    await read();
    expect(hints).toBe(1);
    store.removed = true;
    await later(1_000);
    await read();
    expect(hints).toBe(2);
  });

  it('replies after all watchers have the same state', async () => {
    let sent = 0;
    await watchingBy(600, () => (sent += 1));
    channel.local.enter(subscriber().subscription, 'new');
    let sentBefore = 0;
    const answered = channel.list().then(({ members }) => {
      expect(names(members)).toEqual(['new', 'w']);
      sentBefore = sent;
    });
    await later(1_000);
    await answered;
    expect(sentBefore).toBe(600);
  });

  it('spends at most a tenth of the time on notifying watchers, at any rate of joins and leaves', async () => {
    let sent = 0;
    await watchingBy(100, () => {
      sent += 1;
      clock += 1;
    });
    const { subscription } = subscriber();
    const begun = clock;
    for (let step = 0; clock < begun + 20_000; step += 1) {
      if (step % 2 === 0) channel.local.enter(subscription, 'churner');
      else channel.local.exit(subscription, null);
      await later(100);
    }
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual((clock - begun) / 10);
  });

  it('is not kept during a store outage if it was only queried', async () => {
    store.down = true;
    await expect(channel.list()).rejects.toThrow('down');
    channel.markStale();
    expect(channel.isIdle).toBe(true);
    store.down = false;
    clock += 1_000;
    expect(await channel.list()).toEqual({ members: [], count: 0 });
  });

  it('is kept during a store outage if it has written something', async () => {
    const { subscription } = subscriber();
    channel.local.enter(subscription, 'ann');
    await later(100);
    channel.local.exit(subscription, null);
    store.down = true;
    await later(100);
    expect(channel.isIdle).toBe(false);
  });

  it('reads despite a constant stream of joins', async () => {
    store.onWrite = () => {
      if (store.reads === 0 && store.writes < 500) channel.local.enter(subscriber().subscription, `u${store.writes}`);
    };
    let writesBefore = 0;
    store.onRead = async () => void (writesBefore ||= store.writes);
    const { sent } = await watching();
    expect(writesBefore).toBeLessThanOrEqual(3);
    expect(sent[0]).toMatchObject({ type: 'presence' });
  });

  it('lists a watcher itself, however many writes came before', async () => {
    for (let index = 0; index < 10; index += 1) {
      channel.local.enter(subscriber().subscription, `u${index}`);
      channel.onEntered();
      await channel.sync();
    }
    expect([store.writes, store.reads]).toEqual([10, 0]);
    const { sent } = await watching();
    expect(names(sent[0]!.members!)).toContain('w');
  });

  it('reads despite constant queries, joins and leaves, and each query includes earlier changes', async () => {
    let asked = 0;
    let answered = 0;
    const ask = (): void => {
      asked += 1;
      void channel.list().then(() => (answered += 1));
    };
    store.onWrite = () => {
      if (asked > 100) return;
      channel.local.enter(subscriber().subscription, `u${asked}`);
      ask();
    };
    await watching();
    expect(store.reads).toBeGreaterThan(0);
    expect(answered).toBeGreaterThan(0);
    for (let step = 0; step < 50; step += 1) await later(100);
    expect(answered).toBe(asked);

    channel.local.enter(subscriber().subscription, 'late');
    await channel.sync();
    channel.local.enter(subscriber().subscription, 'later');
    const list = channel.list();
    await later(100);
    expect(names((await list).members)).toContain('later');
  });

  it('writes one after the other, and batches changes in between', async () => {
    for (let index = 0; index < 100; index += 1) channel.local.enter(subscriber().subscription, `u${index}`);
    channel.onEntered();
    await channel.flush();
    expect(store.writes).toBe(1);
    expect(channel.isIdle).toBe(false);
  });

  it('reads a quiet channel from time to time, and less often without watchers', async () => {
    const { subscription } = await watching();
    let before = store.reads;
    for (let second = 0; second < 60; second += 1) await later(1_000);
    expect(store.reads - before).toBe(60 / 5);
    channel.unwatch(subscription);
    before = store.reads;
    for (let second = 0; second < 60; second += 1) await later(1_000);
    expect(store.reads - before).toBe(60 / 15);
  });

  it('reads a large channel so rarely that reading takes a tenth of the time, and replies from memory', async () => {
    store.onRead = async () => void (clock += 300);
    const { sent } = await watching();
    const before = store.reads;
    store.others.set('u1', 1);
    for (let step = 0; step < 60; step += 1) {
      channel.hint();
      await later(50);
      expect((await channel.list()).count).toBe(store.reads === before ? 1 : 2);
    }
    expect(store.reads - before).toBeLessThanOrEqual(1);
    await later(3_000);
    expect(sent.flatMap(({ joined = [] }) => names(joined))).toEqual(['u1']);
  });

  it('refuses queries while the store is down, and afterwards serves newcomers and writes its changes', async () => {
    store.down = true;
    channel.local.enter(subscriber().subscription, 'u1');
    channel.onEntered();
    await expect(channel.list()).rejects.toThrow('down');
    const { sent } = await watching();
    for (let index = 0; index < 20; index += 1) await later(100);
    expect(sent).toEqual([]);
    store.down = false;
    await later(300);
    expect(names(sent[0]!.members!)).toEqual(['u1', 'w']);
    expect((await channel.list()).count).toBe(2);
  });

  it('removes no member after a loss until all instances had time to write again', async () => {
    store.others.set('u1', 1);
    const { sent } = await watching();
    store.others.clear();
    await store.write('c', new Map([['w', null]]));
    await later(5_000);
    await later(5_000);
    expect(sent).toHaveLength(1);
    store.others.set('u2', 1);
    await later(5_000);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ joined: [{ userId: 'u2' }], left: [{ userId: 'u1' }] });
    expect((await store.read('c')).own).toEqual(new Map([['w', 1]]));
  });

  it('is idle once all members have left, and discards the last read', async () => {
    const { subscription } = await watching();
    channel.unwatch(subscription);
    channel.local.exit(subscription, null);
    await channel.flush();
    expect((await store.read('c')).members.size).toBe(0);
    expect(channel.isIdle).toBe(false);
    clock += 1_000;
    expect(channel.isIdle).toBe(true);
  });

  it('repeats failed writes after a pause', async () => {
    let tries = 0;
    store.onWrite = () => {
      tries += 1;
      if (tries === 1) throw new RealtimeUnavailableError('down');
    };
    channel.local.enter(subscriber().subscription, 'u1');
    channel.onEntered();
    await later(0);
    await later(100);
    expect([tries, store.reads]).toEqual([1, 0]);
    for (let count = 0; count < 4; count += 1) await later(100);
    expect((await store.read('c')).own).toEqual(new Map([['u1', 1]]));
  });

  it('is not idle while a store call is pending, whose result would be lost', async () => {
    let answer = (): void => undefined;
    store.onRead = () => new Promise((resolve) => (answer = resolve));
    const list = channel.list();
    await new Promise((resolve) => void setImmediate(resolve));
    const watcher = subscriber();
    channel.watch(watcher.subscription);
    channel.unwatch(watcher.subscription);
    clock += 60_000;
    expect(channel.isIdle).toBe(false);
    answer();
    expect(await list).toMatchObject({ count: 0 });
    await channel.flush();
    clock += 60_000;
    expect(channel.isIdle).toBe(true);
  });

  it('sends nothing to a watcher that left before its first list, and no change to a paused one', async () => {
    const watcher = await watching();
    let answer = (): void => undefined;
    store.onRead = () => new Promise((resolve) => (answer = resolve));
    const left = subscriber();
    clock += 60_000;
    const reading = channel.sync();
    channel.watch(left.subscription);
    channel.unwatch(left.subscription);
    watcher.subscription.feed = new PausedFeed(null);
    const before = watcher.sent.length;
    store.others.set('u2', 1);
    await new Promise((resolve) => void setImmediate(resolve));
    store.onRead = async () => undefined;
    answer();
    await reading;
    for (let count = 0; count < 4; count += 1) await later(10_000);
    expect(left.sent).toEqual([]);
    expect(watcher.sent).toHaveLength(before);
  });

  it('reads after three writes even if each brings more changes, and then continues', async () => {
    const lists: Promise<unknown>[] = [];
    const comes = (number: number): void => {
      channel.local.enter(subscriber().subscription, `u${number}`);
      lists.push(channel.list());
    };
    store.onWrite = () => {
      if (store.writes < 20) comes(store.writes);
    };
    store.onRead = async () => void (store.onWrite = () => undefined);
    comes(0);
    for (let count = 0; count < 10; count += 1) await later(200);
    await Promise.all(lists);
    expect(store.writes).toBeLessThan(8);
  });

  it('waits at most 10 s between two reads of any duration', async () => {
    store.onRead = async () => void (clock += 5_000);
    await watching();
    const { reads } = store;
    await later(9_999);
    expect(store.reads).toBe(reads);
    await later(1);
    expect(store.reads).toBe(reads + 1);
  });

  it('reads and writes again as soon as the store reports lost data', async () => {
    channel.local.enter(subscriber().subscription, 'u1');
    channel.onEntered();
    await later(0);
    await later(1_000);
    const { reads, writes } = store;
    await store.write('c', new Map([['u1', null]])); // simulates a loss
    store.writes = writes;
    await later(5_000);
    await later(100);
    expect(store.reads).toBeGreaterThan(reads);
    expect((await store.read('c')).own).toEqual(new Map([['u1', 1]]));
  });

  describe('with states', () => {
    const state = (json: string, at = clock) => ({ info: null, state: { json, at } });
    const updatesOf = ({ sent }: ReturnType<typeof subscriber>) => sent.flatMap((frame) => frame.updated ?? []);

    it('writes at most once in 100 ms, however often members change their state', async () => {
      const watcher = await watching();
      await later(100);
      const { writes } = store;
      for (let step = 0; step < 200; step += 1) {
        channel.local.setData(watcher.subscription, state(String(step)));
        await later(10);
      }
      expect(store.writes - writes).toBeLessThan(23);
      await later(200);
      await later(200);
      expect(updatesOf(watcher).at(-1)).toMatchObject({ userId: 'w', state: 199 });
      expect(updatesOf(watcher).length).toBeLessThan(23);
    });

    it('writes a join at once, with the state that was set before', async () => {
      await watching();
      const member = subscriber();
      channel.local.enter(member.subscription, 'u1');
      channel.local.setData(member.subscription, state('1'));
      await later(0);
      expect((await store.read('c')).data?.get('u1')).toEqual(state('1', 1_000));
    });

    it('sends a watcher at most 64 KB of changes per read, and each member in its turn', async () => {
      const watcher = await watching();
      const members = Array.from({ length: 300 }, (_, index) => {
        const { subscription } = subscriber();
        channel.local.enter(subscription, `u${index}`);
        return subscription;
      });
      await later(200);
      await later(200);
      const text = JSON.stringify('x'.repeat(1_000));
      for (const subscription of members) channel.local.setData(subscription, state(text));
      for (let round = 0; round < 12; round += 1) await later(200);
      const frames = watcher.sent.filter(({ updated }) => updated !== undefined);
      expect(frames.length).toBeGreaterThanOrEqual(5);
      for (const frame of frames) expect(JSON.stringify(frame).length).toBeLessThan(66_000);
      expect(new Set(updatesOf(watcher).map(({ userId }) => userId)).size).toBe(300);
      expect(updatesOf(watcher)).toHaveLength(300);
    });

    it('sends a watcher that reads too slowly no changes, but the whole list once it has caught up', async () => {
      const watcher = await watching();
      const slow = subscriber();
      let hasRoom = true;
      Object.defineProperty(slow.subscription.connection.sendBuffer, 'isBelowReplayLimit', { get: () => hasRoom });
      channel.local.enter(slow.subscription, 'slow');
      channel.watch(slow.subscription);
      await channel.flush();
      await later(200);
      expect(slow.sent).toHaveLength(1);
      hasRoom = false;
      const before = slow.sent.length;
      for (let step = 0; step < 5; step += 1) {
        channel.local.setData(watcher.subscription, state(String(step)));
        await later(200);
        await later(200);
      }
      expect(slow.sent).toHaveLength(before);
      expect(updatesOf(watcher).length).toBeGreaterThan(2);
      hasRoom = true;
      await later(1_200);
      expect(slow.sent.slice(before)).toMatchObject([{ type: 'presence' }]);
      channel.local.setData(watcher.subscription, state('"live"'));
      await later(200);
      await later(200);
      expect(updatesOf(slow).at(-1)).toMatchObject({ userId: 'w', state: 'live' });
    });

    it('writes the data again if the store lost or altered it, and keeps showing the member', async () => {
      const watcher = await watching();
      channel.local.setData(watcher.subscription, state('1'));
      await later(200);
      await later(200);
      await store.write('c', new Map([['w', 1]]), new Map([['w', state('"forged"')]]));
      await later(5_000);
      await later(200);
      expect((await store.read('c')).data?.get('w')?.state?.json).toBe('1');
    });

    it('gives a new state a later time than all known ones, and a repeated one its age', async () => {
      const watcher = await watching();
      channel.local.setData(watcher.subscription, state('1', 5_000_000));
      await later(200);
      await later(200);
      expect(channel.timeOfState('w', 4_000_000, 0)).toBe(5_000_001);
      expect(channel.timeOfState('w', 6_000_000, 0)).toBe(6_000_000);
      expect(channel.timeOfState('w', 4_000_000, 1_000)).toBe(3_999_000);
    });
  });
});
