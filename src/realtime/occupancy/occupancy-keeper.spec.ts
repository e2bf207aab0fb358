import { MemoryOccupancyStore } from '../backends/memory/memory.occupancy-store.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { OccupancyKeeper } from './occupancy-keeper.js';
import type { Claim, NextClaim } from './occupancy-store.js';

const KEY = 'c:rooms:1';

/** A store whose commands fail on demand, before or after they are executed. */
class FailingStore extends MemoryOccupancyStore {
  fails: 'before' | 'after' | null = null;
  writes = 0;

  override async write(...args: Parameters<MemoryOccupancyStore['write']>): Promise<void> {
    this.writes += 1;
    return super.write(...args);
  }

  override async claim(key: string, expected: Claim | null, next: NextClaim): Promise<Claim | null> {
    const fails = next.state === 'held' ? null : this.fails;
    if (fails === 'before') throw new RealtimeUnavailableError('down');
    const claim = await super.claim(key, expected, next);
    if (fails === 'after') throw new RealtimeUnavailableError('down');
    return claim;
  }
}

describe('OccupancyKeeper', () => {
  let clock: RealtimeClock;
  let store: FailingStore;
  let keeper: OccupancyKeeper;
  let announced: string[];
  let onAnnounce: () => Promise<void> | void;
  const directory = { id: 'here', isAlone: true, registrations: 1 } as { -readonly [K in keyof InstanceDirectory]: InstanceDirectory[K] }; // prettier-ignore
  directory.living = async (ids) => new Set([...ids].filter((id) => id === 'here'));

  beforeEach(() => {
    clock = new RealtimeClock();
    store = new FailingStore('here', clock);
    announced = [];
    onAnnounce = () => undefined;
    directory.registrations = 1;
    keeper = new OccupancyKeeper(store, directory, {
      useOf: (key) => ({ exact: false, announced: key.startsWith('c:rooms') }),
      announce: async (change, key, sequence) => {
        announced.push(`${change} ${key} ${sequence}`);
        await onAnnounce();
      },
      onStored: () => undefined,
      renewMs: () => 1_000,
      now: () => clock.now(),
    });
  });

  /** Runs rounds until nothing more is due. */
  const settle = async (): Promise<void> => {
    for (let count = 0; count < 6; count += 1) {
      await keeper.round();
      await new Promise(setImmediate);
    }
  };
  const names = (): string[] => announced.map((line) => line.split(' ')[0]!);

  it('announces the first connection and the end of the last one, once', async () => {
    keeper.add(KEY);
    keeper.add(KEY);
    await settle();
    expect(names()).toEqual(['occupied']);
    keeper.remove(KEY, null);
    await settle();
    expect(names()).toEqual(['occupied']);
    keeper.remove(KEY, null);
    await settle();
    expect(names()).toEqual(['occupied', 'vacant']);
    expect([await store.size(), keeper.counts.size]).toEqual([0, 0]);
  });

  it('writes nothing while nothing changes', async () => {
    keeper.add(KEY);
    await settle();
    const { writes } = store;
    await settle();
    expect([writes > 0, store.writes - writes]).toEqual([true, 0]);
  });

  it('writes keys without hooks, and announces nothing about them', async () => {
    keeper.add('u:hans');
    await settle();
    expect([names(), await store.size(), (await store.claims(['u:hans'])).size]).toEqual([[], 1, 0]);
  });

  it('announces nothing if a connection is back before the end of the grace period', async () => {
    keeper.add(KEY);
    await settle();
    keeper.remove(KEY, clock.now() + 100);
    keeper.add(KEY);
    clock.advance(200);
    keeper.expire(clock.now());
    await settle();
    expect(names()).toEqual(['occupied']);
  });

  it('announces a key that came back while its end was announced', async () => {
    keeper.add(KEY);
    await settle();
    let end: () => void = () => undefined;
    onAnnounce = () => new Promise((resolve) => (end = resolve));
    keeper.remove(KEY, null);
    await settle();
    keeper.add(KEY);
    await settle();
    expect(names()).toEqual(['occupied', 'vacant']);
    onAnnounce = () => undefined;
    end();
    await settle();
    expect(names()).toEqual(['occupied', 'vacant', 'occupied']);
    const sequences = announced.map((line) => Number(line.split(' ')[2]));
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b));
  });

  it.each(['before', 'after'] as const)('announces everything if the store failed %s a claim', async (fails) => {
    store.fails = fails;
    keeper.add(KEY);
    await settle();
    store.fails = null;
    clock.advance(500);
    await settle();
    expect(names()).toEqual(['occupied']);
    store.fails = fails;
    keeper.remove(KEY, null);
    await settle();
    store.fails = null;
    clock.advance(500);
    await settle();
    expect(new Set(names())).toEqual(new Set(['occupied', 'vacant']));
    expect(await store.size()).toBe(0);
  });

  it('repeats the end with the same sequence if its confirmation failed', async () => {
    keeper.add(KEY);
    await settle();
    onAnnounce = () => void (store.fails = 'before');
    keeper.remove(KEY, null);
    await settle();
    store.fails = null;
    onAnnounce = () => undefined;
    clock.advance(500);
    await settle();
    expect(names()).toEqual(['occupied', 'vacant', 'vacant']);
    expect(announced[1]).toBe(announced[2]);
  });

  it('restores counts and claims that the store lost, and announces nothing', async () => {
    keeper.add(KEY);
    await settle();
    Object.assign(store, new FailingStore('here', clock));
    directory.registrations = 2;
    await settle();
    expect(names()).toEqual(['occupied']);
    expect((await store.claims([KEY])).get(KEY)).toMatchObject({ state: 'held', owner: 'here' });
    expect(await store.size()).toBe(1);
  });

  it('waits for the owner of a key to restore a claim that the store lost', async () => {
    const other: Claim = { state: 'held', sequence: 5, owner: 'other' };
    directory.living = async (ids) => new Set(ids);
    await store.claim(KEY, null, other);
    keeper.add(KEY);
    await settle();
    Object.assign(store, new FailingStore('here', clock));
    for (let count = 0; count < 3; count += 1) {
      clock.advance(1_000);
      await settle();
    }
    expect(names()).toEqual([]);
    clock.advance(1_000);
    await settle();
    expect(names()).toEqual(['occupied']);
    directory.living = async (ids) => new Set([...ids].filter((id) => id === 'here'));
  });

  it('stores its keys again if some are missing', async () => {
    keeper.add(KEY);
    await settle();
    await store.write(new Map([[KEY, null]]));
    clock.advance(2_000);
    await settle();
    clock.advance(2_000);
    await settle();
    expect([await store.size(), names()]).toEqual([1, ['occupied']]);
  });

  it('does not announce the end of a key that another instance counts meanwhile', async () => {
    keeper.add(KEY);
    await settle();
    const totals = [new Map(), new Map([[KEY, 1]])];
    store.totals = async () => totals.shift() ?? new Map([[KEY, 1]]);
    const before = (await store.claims([KEY])).get(KEY);
    keeper.remove(KEY, null);
    await settle();
    expect([names(), totals]).toEqual([['occupied'], []]);
    expect((await store.claims([KEY])).get(KEY)).toEqual(before);
  });

  it('takes over a claim of a dead instance, with its sequence', async () => {
    await store.claim(KEY, null, { state: 'held', owner: 'dead', sequence: 5 });
    keeper.add(KEY);
    await settle();
    expect(announced).toEqual([`occupied ${KEY} 5`]);
  });

  it('reports that another instance has taken over a claim', async () => {
    keeper.add(KEY);
    await settle();
    const claim = (await store.claims([KEY])).get(KEY)!;
    directory.living = async (ids) => new Set(ids);
    await store.claim(KEY, claim, { ...claim, owner: 'other' });
    clock.advance(2_000);
    await settle();
    expect(names()).toEqual(['occupied', 'released']);
    directory.living = async (ids) => new Set([...ids].filter((id) => id === 'here'));
  });

  it('announces the end of all keys when the only instance leaves, and nothing afterwards', async () => {
    keeper.add(KEY);
    await settle();
    await keeper.leave();
    expect(names()).toEqual(['occupied', 'vacant']);
    keeper.add('c:rooms:2');
    await settle();
    expect(announced).toHaveLength(2);
  });

  it('announces a hundred keys at once at most', async () => {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    onAnnounce = () => ended;
    for (let index = 0; index < 250; index += 1) keeper.add(`c:rooms:${index}`);
    await settle();
    expect(announced).toHaveLength(100);
    end();
    await settle();
    await settle();
    expect(announced).toHaveLength(250);
  });
});
