import { jest } from '@jest/globals';
import { MemoryOccupancyStore } from '../backends/memory/memory.occupancy-store.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { NUMBERS_MS, OccupancyKeeper } from './occupancy-keeper.js';
import type { Claim } from './occupancy-store.js';

const KEY = 'c:rooms:1';
const RENEW_MS = 1_000;

/** The store of a cluster, as one of its instances sees it: the other ones are live, or have left keys behind. */
class ClusterStore extends MemoryOccupancyStore {
  readonly dead = new Map<string, string[]>();
  readonly living = ['here'];
  readonly dropped: string[] = [];
  readonly written: [key: string, count: number | null][] = [];
  fails = false;

  override async write(counts: ReadonlyMap<string, number | null>): Promise<void> {
    this.written.push(...counts);
    if (this.fails) throw new RealtimeUnavailableError('down');
    await super.write(counts);
  }

  override async instances(): Promise<{ readonly living: readonly string[]; readonly dead: readonly string[] }> {
    return { living: this.living, dead: [...this.dead.keys()] };
  }

  override async keysOf(instance: string, most: number): Promise<readonly string[]> {
    return (this.dead.get(instance) ?? []).slice(0, most);
  }

  override async drop(instance?: string, keys: readonly string[] = []): Promise<void> {
    this.dropped.push(...keys);
    const left = (this.dead.get(instance!) ?? []).filter((key) => !keys.includes(key));
    if (left.length > 0) this.dead.set(instance!, left);
    else this.dead.delete(instance!);
  }
}

describe('the keeper of an instance of a cluster', () => {
  /** Monotonic time of the keeper, in milliseconds. */
  let time: number;
  let store: ClusterStore;
  let keeper: OccupancyKeeper;
  let announced: string[];
  let stored: string[];
  let onAnnounce: () => Promise<void> | void;
  let live: Set<string>;
  const directory = { id: 'here', isAlone: false, registrations: 1 } as { -readonly [K in keyof InstanceDirectory]: InstanceDirectory[K] }; // prettier-ignore
  directory.living = async (ids) => new Set([...ids].filter((id) => live.has(id)));

  beforeEach(() => {
    time = 1_000_000;
    store = new ClusterStore('here', new RealtimeClock());
    announced = [];
    stored = [];
    live = new Set(['here']);
    onAnnounce = () => undefined;
    directory.registrations = 1;
    keeper = new OccupancyKeeper(store, directory, {
      useOf: (key) => ({ exact: true, announced: key.startsWith('c:rooms') }),
      announce: async (change, key, sequence) => {
        announced.push(`${change} ${key} ${sequence}`);
        await onAnnounce();
      },
      onStored: (keys) => void stored.push(...keys),
      renewMs: () => RENEW_MS,
      now: () => time,
    });
  });

  afterEach(() => void jest.useRealTimers());

  const settle = async (rounds = 6): Promise<void> => {
    for (let count = 0; count < rounds; count += 1) {
      await keeper.round();
      await new Promise(setImmediate);
    }
  };
  const names = (): string[] => announced.map((line) => line.split(' ')[0]!);
  const claimOf = async (key = KEY): Promise<Claim | undefined> => (await store.claims([key])).get(key);
  const renew = async (): Promise<void> => {
    time += RENEW_MS;
    await settle();
  };

  it('announces the end of keys that only a dead instance had, and drops them', async () => {
    await settle();
    const keys = Array.from({ length: 150 }, (_value, index) => `c:rooms:${index}`);
    for (const key of keys) await store.claim(key, null, { state: 'held', owner: 'dead', sequence: 5 });
    store.dead.set('dead', ['u:hans', ...keys]);
    await renew();
    await settle(20);
    expect(new Set(names())).toEqual(new Set(['vacant']));
    expect(new Set(announced).size).toBe(150);
    expect([store.dead.size, new Set(store.dropped).size]).toEqual([0, 151]);
    expect(new Set(stored)).toEqual(new Set(['u:hans', ...keys]));
  });

  it('leaves the keys of a dead instance to its successor', async () => {
    await settle();
    store.living.push('zzz');
    store.dead.set('yyy', [KEY]);
    await store.claim(KEY, null, { state: 'held', owner: 'yyy', sequence: 5 });
    await renew();
    expect([announced, store.dropped]).toEqual([[], []]);
  });

  it('keeps the keys of a dead instance whose end it could not announce yet', async () => {
    await settle();
    store.dead.set('dead', [KEY]);
    await store.claim(KEY, null, { state: 'held', owner: 'dead', sequence: 5 });
    const claim = store.claim.bind(store);
    store.claim = () => Promise.reject(new RealtimeUnavailableError('down'));
    await renew();
    expect([announced, store.dropped]).toEqual([[], []]);
    store.claim = claim;
    await renew();
    await renew();
    expect([names(), store.dropped]).toEqual([['vacant'], [KEY]]);
  });

  it('looks for dead instances once in each interval', async () => {
    let looks = 0;
    const instances = store.instances.bind(store);
    store.instances = () => ((looks += 1), instances());
    await settle();
    expect(looks).toBe(1);
    time += RENEW_MS - 1;
    await settle();
    expect(looks).toBe(1);
    time += 1;
    await settle();
    expect(looks).toBe(2);
  });

  it('announces a key whose owner ended, after a hint', async () => {
    live.add('other');
    await store.claim(KEY, null, { state: 'held', owner: 'other', sequence: 5 });
    keeper.add(KEY);
    await settle();
    expect(announced).toEqual([]);
    await store.claim(KEY, (await claimOf())!, { state: 'held', owner: '', sequence: 5 });
    keeper.hint('u:hans');
    await settle();
    expect(announced).toEqual([]);
    keeper.hint(KEY);
    await settle();
    expect(announced).toEqual([`occupied ${KEY} 5`]);
  });

  it('hands its keys over when it leaves, and takes over none afterwards', async () => {
    keeper.add(KEY);
    await settle();
    stored = [];
    await keeper.leave();
    expect([names(), await claimOf(), stored]).toEqual([['occupied'], expect.objectContaining({ owner: '' }), [KEY]]);
    store.dead.set('dead', ['c:rooms:2']);
    await renew();
    expect(store.dropped).toEqual([]);
  });

  it('leaves a key whose announcement is running, and waits for the running round', async () => {
    onAnnounce = () => new Promise(() => undefined);
    keeper.add(KEY);
    await settle();
    const before = await claimOf();
    await keeper.leave();
    expect([before?.state, await claimOf()]).toEqual(['starting', before]);
  });

  it('leaves within a time limit although the store hangs', async () => {
    keeper.add(KEY);
    await settle();
    store.claim = () => new Promise(() => undefined);
    jest.useFakeTimers();
    let hasLeft = false;
    const left = keeper.leave().then(() => (hasLeft = true));
    await jest.advanceTimersByTimeAsync(999);
    expect(hasLeft).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await left;
  });

  it('writes numbers once a second, and keys that appear or disappear at once', async () => {
    keeper.add(KEY);
    await settle();
    keeper.add(KEY);
    keeper.add('c:rooms:2');
    await settle();
    expect(await store.totals([KEY, 'c:rooms:2'])).toEqual(new Map([[KEY, 1], ['c:rooms:2', 1]])); // prettier-ignore
    time += NUMBERS_MS - 1;
    await settle();
    expect(await store.totals([KEY])).toEqual(new Map([[KEY, 1]]));
    time += 1;
    await settle();
    expect(await store.totals([KEY])).toEqual(new Map([[KEY, 2]]));
    expect(stored.length).toBeGreaterThan(0);
  });

  it('writes nothing before it is registered, and pauses after a failure of the store', async () => {
    directory.registrations = 0;
    keeper.add(KEY);
    await settle();
    expect(store.written).toEqual([]);
    directory.registrations = 1;
    store.fails = true;
    await settle();
    expect([store.written, stored]).toEqual([[[KEY, 1]], []]);
    store.fails = false;
    time += 249;
    await settle();
    expect(store.written).toHaveLength(1);
    time += 1;
    await settle();
    expect([await store.size(), names()]).toEqual([1, ['occupied']]);
  });

  it('repeats a failed write with its numbers', async () => {
    keeper.add(KEY);
    await settle();
    keeper.add(KEY);
    time += NUMBERS_MS;
    store.fails = true;
    await settle();
    store.fails = false;
    time += 250;
    await settle();
    expect(await store.totals([KEY])).toEqual(new Map([[KEY, 2]]));
  });

  it('stores its counts again after a new registration, once', async () => {
    keeper.add(KEY);
    await settle();
    store.written.length = 0;
    directory.registrations = 2;
    await settle();
    expect(store.written).toEqual([[KEY, 1]]);
  });

  it('verifies its claims in each interval, some in each round', async () => {
    for (let index = 0; index < 250; index += 1) keeper.add(`c:rooms:${index}`);
    keeper.add('u:hans');
    await settle(20);
    await renew();
    const read: string[][] = [];
    const claims = store.claims.bind(store);
    store.claims = (keys) => (read.push([...keys]), claims(keys));
    time += RENEW_MS;
    await settle();
    expect(read.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(new Set(read.flat()).size).toBe(250);
    expect(read.flat()).not.toContain('u:hans');
  });

  it('counts a key that came back during its announcement, and announces it again as long as it is needed', async () => {
    let end: () => void = () => undefined;
    onAnnounce = () => new Promise<void>((resolve) => (end = resolve));
    keeper.add(KEY);
    await settle();
    keeper.remove(KEY, null);
    await settle();
    expect(names()).toEqual(['occupied']);
    onAnnounce = () => undefined;
    end();
    await settle();
    expect(names()).toEqual(['occupied', 'vacant']);
    expect([keeper.counts.size, await store.size()]).toEqual([0, 0]);
  });
});
