import { InstanceDirectory } from '../../src/realtime/cluster/instances/instance-directory.js';
import { PresenceHints } from '../../src/realtime/presence/presence-hints.js';
import { ANONYMOUS, PresenceStore } from '../../src/realtime/presence/presence-store.js';
import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { RedisProcess } from '../support/redis-process.js';
import { within } from '../support/within.js';
import { ROOM, startInstance } from './support/presence-app.js';

const OTHER = 'announcements';

describe.each(['memory', 'redis'])('the presence store: %s', (engine) => {
  let redis: RedisProcess | null = null;
  let app: RealtimeApp;
  let store: PresenceStore;

  beforeAll(async () => {
    redis = engine === 'redis' ? await RedisProcess.start() : null;
  });
  afterAll(() => redis?.stop());

  beforeEach(async () => {
    app = await startInstance(redis?.url ?? null);
    store = app.app.get(PresenceStore);
    await untilKnown(app);
  });
  afterEach(() => app.close());

  const says = (counts: Record<string, number | null>, channel = ROOM): Promise<void> =>
    store.write(channel, new Map(Object.entries(counts)), new Map());
  const who = async (channel = ROOM) => {
    const { members, anonymous, own } = await store.read(channel);
    return { members: Object.fromEntries(members), anonymous, own: Object.fromEntries(own) };
  };

  it('is empty without writes', async () => {
    expect(await who()).toEqual({ members: {}, anonymous: 0, own: {} });
    expect(await store.keep(ROOM)).toBe(false);
  });

  it('returns the last write', async () => {
    await says({ u1: 1, u2: 1 });
    await says({ u1: 3 });
    await says({ u1: 3 });
    expect(await who()).toEqual({ members: { u1: 3, u2: 1 }, anonymous: 0, own: { u1: 3, u2: 1 } });
    expect(await store.keep(ROOM)).toBe(true);
    await says({ u1: null, u2: 2 });
    expect(await who()).toEqual({ members: { u2: 2 }, anonymous: 0, own: { u2: 2 } });
    await says({ u2: null, u7: null });
    expect(await who()).toEqual({ members: {}, anonymous: 0, own: {} });
    expect(await store.keep(ROOM)).toBe(false);
  });

  it('counts anonymous connections separately', async () => {
    await says({ [ANONYMOUS]: 4, u1: 1 });
    expect(await who()).toEqual({ members: { u1: 1 }, anonymous: 4, own: { [ANONYMOUS]: 4, u1: 1 } });
    await says({ [ANONYMOUS]: null, u1: null });
    expect(await who()).toMatchObject({ anonymous: 0 });
  });

  it('treats a user in the grace period as present', async () => {
    await says({ u1: 0 });
    expect(await who()).toEqual({ members: { u1: 1 }, anonymous: 0, own: { u1: 0 } });
    await says({ u1: null });
  });

  it('separates channels', async () => {
    await says({ u1: 1 });
    await says({ u2: 1 }, OTHER);
    expect((await who()).members).toEqual({ u1: 1 });
    expect((await who(OTHER)).members).toEqual({ u2: 1 });
    await says({ u1: null });
    await says({ u2: null }, OTHER);
  });

  it('accepts any user id', async () => {
    const ids = ['a:b', ':', '{x}', '__proto__', 'ü ✓', '0', 'x'.repeat(190)];
    await says(
      Object.fromEntries(ids.map((id, index) => [id, index + 1] as const).filter(([id]) => id !== '__proto__')),
    );
    await store.write(ROOM, new Map([['__proto__', 9]]));
    const { members } = await store.read(ROOM);
    expect([...members.keys()].toSorted()).toEqual(ids.toSorted());
    expect(members.get('a:b')).toBe(1);
    await store.write(ROOM, new Map(ids.map((id) => [id, null])));
    expect((await store.read(ROOM)).members.size).toBe(0);
  });

  it('accepts many users at once', async () => {
    const many = new Map(Array.from({ length: 5_000 }, (_, index) => [`u${index}`, 1 + (index % 3)]));
    await store.write(ROOM, many);
    expect((await store.read(ROOM)).members).toEqual(many);
    await store.write(ROOM, new Map([...many.keys()].map((userId) => [userId, null])));
    expect((await store.read(ROOM)).members.size).toBe(0);
  });
});

describe('presence in Redis, between instances', () => {
  let redis: RedisProcess;
  let apps: RealtimeApp[];
  let stores: PresenceStore[];

  beforeEach(async () => {
    redis = await RedisProcess.start();
    apps = await Promise.all([startInstance(redis.url), startInstance(redis.url)]);
    stores = apps.map(({ app }) => app.get(PresenceStore));
    await Promise.all(apps.map(untilKnown));
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await redis.stop();
  });

  it('sums the counts of all instances, and returns each instance its own', async () => {
    const [one, two] = stores as [PresenceStore, PresenceStore];
    await one.write(ROOM, new Map(Object.entries({ u1: 2, u2: 1, u3: 0, [ANONYMOUS]: 1 })));
    await two.write(ROOM, new Map(Object.entries({ u1: 1, u3: 2, [ANONYMOUS]: 2 })));
    const all = new Map(Object.entries({ u1: 3, u2: 1, u3: 2 }));
    expect(await one.read(ROOM)).toMatchObject({ members: all, anonymous: 3 });
    expect(await two.read(ROOM)).toMatchObject({ members: all, anonymous: 3 });
    expect([...(await two.read(ROOM)).own.keys()]).toEqual(['u1', 'u3', ANONYMOUS]);
  });

  it('notifies other instances, not itself', async () => {
    const [one, two] = apps.map(({ app }) => app.get(PresenceHints)) as [PresenceHints, PresenceHints];
    const own: string[] = [];
    one.listen((channel) => own.push(channel));
    const other = new Promise<string>((resolve) => two.listen(resolve));
    // The listener may still be subscribing: hints are sent until one arrives.
    const saying = setInterval(() => one.send(ROOM), 20);
    try {
      expect(await within(5_000, 'a hint', other)).toBe(ROOM);
    } finally {
      clearInterval(saying);
    }
    expect(own).toEqual([]);
  });

  it('reports that Redis does not respond', async () => {
    await redis.kill();
    const broken = stores[0]!.read(ROOM);
    await expect(broken).rejects.toMatchObject({ code: 'unavailable' });
    await expect(stores[0]!.write(ROOM, new Map([['u1', 1]]))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

/** Earlier writes would be attributed to a dead instance. */
async function untilKnown({ app }: RealtimeApp): Promise<void> {
  const directory = app.get(InstanceDirectory);
  const known = async (): Promise<void> => {
    while (directory.registrations === 0) await new Promise((resolve) => void setImmediate(resolve));
  };
  await within(5_000, 'the instance to be known', known());
}
