import {
  EventsPublisher,
  LiveResources,
  remove,
  replace,
  type LiveResources as Live,
} from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { LinkedCluster } from '../support/linked-cluster.js';
import { boardsOf, Database, notesOf } from './support/board.js';
import { Follower } from './support/follower.js';

const CHANNEL = 'projects:42:board';

describe('live resources', () => {
  const database = new Database();
  const cluster = new LinkedCluster();
  let app: RealtimeApp;
  let other: RealtimeApp;
  let live: Live;
  let channel: string;
  let tests = 0;

  beforeAll(async () => {
    const start = (): Promise<RealtimeApp> =>
      RealtimeApp.start(
        { backend: cluster.join() },
        { providers: [boardsOf(database, { loadTimeoutMs: 2_000, maxBytes: 300_000 }), notesOf(database)] },
      );
    [app, other] = [await start(), await start()];
    live = app.app.get(LiveResources);
  });
  afterAll(async () => {
    await app.close();
    await other.close();
  });
  beforeEach(() => {
    channel = `projects:${(tests += 1)}:board`;
    database.load = ({ channel: name }) => database.states.get(name) ?? { name: 'new', cards: {} };
    database.loads.length = 0;
  });

  const follow = async (on = app, name = channel): Promise<Follower> => {
    const client = await on.connect();
    const follower = new Follower(client, name);
    follower.subscribe();
    return follower;
  };
  const followAs = async (role: string, on = app): Promise<Follower> => {
    const follower = new Follower(await on.connectAs({ sub: role, role }), channel);
    follower.subscribe();
    return follower;
  };

  it('names the feature in connected', async () => {
    const client = await app.connect();
    expect(await client.next('connected')).toMatchObject({ features: expect.arrayContaining(['state']) });
    await client.close();
  });

  it('sends the state after the answer, and then patches from its position on', async () => {
    database.states.set(channel, { name: 'B', cards: { 7: { title: 'x' } } });
    const one = await follow();
    const subscribed = await one.step();
    expect(subscribed).toMatchObject({ type: 'subscribed', channel, state: true });
    expect(subscribed).not.toHaveProperty('lastEventId');
    expect(await one.step()).toMatchObject({ type: 'state', data: { name: 'B', cards: { 7: { title: 'x' } } } });
    await live.patch(channel, { name: 'C', cards: { 7: { title: 'y' }, 8: { title: 'z' } } });
    expect(await one.step()).toMatchObject({
      type: 'event',
      data: { set: { '/name': 'C', '/cards/7/title': 'y', '/cards/8/title': 'z' } },
    });
    await live.patch(channel, { cards: { 7: remove(), 8: replace({ title: 'w' }) } });
    await one.step();
    expect(one.data).toEqual({ name: 'C', cards: { 8: { title: 'w' } } });
    await live.set(channel, { name: 'D', cards: {} });
    await one.step();
    expect(one.data).toEqual({ name: 'D', cards: {} });
    expect(database.loads).toEqual([channel]);
    await one.client.close();
  });

  it('sends a Map of a loaded state, and of a set one, as an object', async () => {
    database.states.set(channel, { name: 'B', cards: new Map([['7', { title: 'x', salary: 1 }]]) });
    const one = await follow();
    await one.until(({ data }) => data !== undefined);
    expect(one.data).toEqual({ name: 'B', cards: { 7: { title: 'x' } } });
    await live.set(channel, { name: 'C', cards: new Map([['8', { title: 'y', salary: 1 }]]) });
    await one.step();
    expect(one.data).toEqual({ name: 'C', cards: { 8: { title: 'y' } } });
    await one.client.close();
  });

  it('loads once for all subscribers of all instances', async () => {
    let answer: (state: unknown) => void = () => undefined;
    database.load = () => new Promise((resolve) => (answer = resolve));
    const followers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => follow(index % 2 === 0 ? app : other)),
    );
    for (const follower of followers) await follower.step();
    answer({ name: 'once', cards: {} });
    for (const follower of followers) await follower.until(({ data }) => data !== undefined);
    const late = await follow(other);
    await late.until(({ data }) => data !== undefined);
    expect(followers.map(({ data }) => data)).toEqual(followers.map(() => ({ name: 'once', cards: {} })));
    expect(late.data).toEqual({ name: 'once', cards: {} });
    expect(database.loads).toEqual([channel]);
    await Promise.all([...followers, late].map(({ client }) => client.close()));
  });

  it('applies a patch that was committed while the state was being loaded', async () => {
    let answer: (state: unknown) => void = () => undefined;
    database.load = () => new Promise((resolve) => (answer = resolve));
    const one = await follow();
    await one.step();
    while (database.loads.length === 0) await one.client.fence();
    await live.patch(channel, { name: 'later' });
    answer({ name: 'before', cards: {} });
    await one.until(({ data }) => (data as { name?: string } | undefined)?.name === 'later');
    await one.client.close();
  });

  it('resumes with the missed patches', async () => {
    channel = `notes:${tests}`;
    const one = await follow();
    await one.until(({ data }) => data !== undefined);
    await one.client.close();
    await live.patch(channel, { name: 'missed' });
    const again = new Follower(await other.connect(), channel);
    Object.assign(again, { data: one.data, id: one.id });
    again.subscribe();
    expect(await again.step()).toMatchObject({ type: 'subscribed', recovered: true });
    expect(await again.step()).toMatchObject({ type: 'event', data: { set: { '/name': 'missed' } } });
    expect(database.loads).toHaveLength(1);
    await again.client.close();
  });

  it('sends the state again if the missed patches are not kept', async () => {
    channel = `notes:${tests}`;
    const one = await follow();
    await one.until(({ data }) => data !== undefined);
    await one.client.close();
    for (let at = 0; at < 70; at += 1) await live.patch(channel, { name: `n${at}` });
    database.states.set(channel, { name: 'n69', cards: {} });
    one.seen.length = 0;
    const again = new Follower(await app.connect(), channel);
    Object.assign(again, { data: one.data, id: one.id });
    again.subscribe();
    expect(await again.step()).toMatchObject({ type: 'subscribed', recovered: false, reason: 'expired', state: true });
    await again.until(({ data }) => (data as { name: string }).name === 'n69');
    await again.client.close();
  });

  it('sends a large state in parts', async () => {
    const name = 'ä"\\💥'.repeat(20_000);
    database.states.set(channel, { name, cards: {} });
    const one = await follow();
    await one.until(({ data }) => data !== undefined);
    expect(one.data).toEqual({ name, cards: {} });
    expect(one.seen.filter((type) => type === 'state').length).toBeGreaterThan(2);
    await live.patch(channel, { name: 'short' });
    await one.step();
    expect(one.data).toEqual({ name: 'short', cards: {} });
    await one.client.close();
  });

  it('sends the state instead of a patch that is too large for an event', async () => {
    const [one, two] = [await follow(), await follow(other)];
    for (const follower of [one, two]) await follower.until(({ data }) => data !== undefined);
    const name = 'x'.repeat(100_000);
    database.states.set(channel, { name, cards: {} });
    await live.patch(channel, { name });
    for (const follower of [one, two]) {
      await follower.until(({ data }) => (data as { name: string }).name === name);
      await follower.client.close();
    }
    expect(database.loads).toHaveLength(2);
  });

  it('publishes the difference after invalidate', async () => {
    database.states.set(channel, {
      name: 'B',
      cards: { 7: { title: 'x' }, 8: { title: 'y' } },
      filler: 'f'.repeat(500),
    });
    const [one, two] = [await follow(), await follow(other)];
    for (const follower of [one, two]) await follower.until(({ data }) => data !== undefined);
    await live.invalidate(channel);
    await one.client.fence();
    database.states.set(channel, { name: 'C', cards: { 7: { title: 'x' } }, filler: 'f'.repeat(500) });
    await live.invalidate(channel);
    for (const follower of [one, two]) {
      expect(await follower.step()).toMatchObject({ data: { set: { '/name': 'C' }, remove: ['/cards/8'] } });
      expect(follower.data).toEqual(database.states.get(channel));
      await follower.client.close();
    }
    expect(database.loads).toHaveLength(3);
  });

  it('brings clients to a change that another load found before it was announced', async () => {
    database.states.set(channel, { name: 'old', cards: {} });
    const one = await follow();
    await one.until(({ data }) => data !== undefined);
    database.states.set(channel, { name: 'new', cards: {} });
    // Its state is not usable any more, so the next subscriber loads.
    await one.client.fence();
    app.app.get(LiveResources).states.cache.delete(channel);
    await cluster.states.write(
      channel,
      { position: { epoch: 'gone', offset: 1 }, json: '{}', loadedAt: 0 },
      { holder: 'x', token: Number.MAX_SAFE_INTEGER },
      1,
    );
    const two = await follow(other);
    await two.until(({ data }) => data !== undefined);
    await live.invalidate(channel);
    await one.until(({ data }) => (data as { name: string }).name === 'new');
    expect(two.data).toEqual({ name: 'new', cards: {} });
    await Promise.all([one, two].map(({ client }) => client.close()));
  });

  it('sends hidden fields to no other client, in states, patches and differences', async () => {
    const secret = { budget: { limit: 4711 }, cards: { 7: { title: 'x', salary: 4712, hash: 'h4713' } } };
    database.states.set(channel, { name: 'B', ...secret });
    const [user, admin] = [await followAs('user'), await followAs('admin', other)];
    for (const follower of [user, admin]) await follower.until(({ data }) => data !== undefined);
    expect(user.data).toEqual({ name: 'B', cards: { 7: { title: 'x' } } });
    expect(admin.data).toEqual({ name: 'B', budget: { limit: 4711 }, cards: { 7: { title: 'x', salary: 4712 } } });
    await live.patch(channel, { budget: { limit: 4714 }, cards: { 7: { salary: 4715, hash: 'h4716' } } });
    expect(await user.step()).toMatchObject({ type: 'event', data: {} });
    await admin.step();
    expect(admin.data).toEqual({ name: 'B', budget: { limit: 4714 }, cards: { 7: { title: 'x', salary: 4715 } } });
    await live.patch(channel, { cards: { 7: { salary: remove() }, 8: replace({ title: 'y', salary: 4717 }) } });
    for (const follower of [user, admin]) await follower.step();
    expect(user.data).toEqual({ name: 'B', cards: { 7: { title: 'x' }, 8: { title: 'y' } } });
    database.states.set(channel, { name: 'C', budget: { limit: 4718 }, cards: { 8: { title: 'y', salary: 4719 } } });
    await live.invalidate(channel);
    for (const follower of [user, admin]) await follower.step();
    expect(user.data).toEqual({ name: 'C', cards: { 8: { title: 'y' } } });
    expect(admin.data).toEqual({ name: 'C', budget: { limit: 4718 }, cards: { 8: { title: 'y', salary: 4719 } } });
    expect(JSON.stringify(user.client.frames)).not.toMatch(/471\d|budget|salary|hash/);
    expect(JSON.stringify(admin.client.frames)).not.toMatch(/hash|h471/);
    await Promise.all([user, admin].map(({ client }) => client.close()));
  });

  it('reports a load that fails, and sends the state when a later one succeeds', async () => {
    let fails = true;
    database.load = () => (fails ? Promise.reject(new Error('down')) : { name: 'up', cards: {} });
    const [one, two] = [await follow(), await follow(other)];
    for (const follower of [one, two]) {
      await follower.step();
      expect(await follower.step()).toMatchObject({ type: 'state_error', code: 'unavailable' });
    }
    expect(JSON.stringify(one.client.frames)).not.toContain('down');
    fails = false;
    for (const follower of [one, two]) {
      await follower.until(({ data }) => data !== undefined);
      await follower.client.close();
    }
  });

  it('reports a state that is too large', async () => {
    database.states.set(channel, { name: 'x'.repeat(300_000), cards: {} });
    const one = await follow();
    await one.step();
    expect(await one.step()).toMatchObject({ type: 'state_error', code: 'too_large' });
    await one.client.close();
  });

  it('waits for the commit, and publishes nothing after a rollback', async () => {
    const one = await follow();
    await one.until(({ data }) => data !== undefined);
    const events = app.app.get(EventsPublisher);
    await events
      .transaction(async () => {
        await live.patch(channel, { name: 'never' });
        await live.invalidate(channel);
        throw new Error('rolled back');
      })
      .catch(() => undefined);
    await events.transaction(async () => {
      await live.patch(channel, { name: 'committed' });
      await one.client.expectNone('event');
    });
    expect(await one.step()).toMatchObject({ data: { set: { '/name': 'committed' } } });
    await one.client.close();
  });

  it('sends patches as events to a subscriber without the state', async () => {
    const plain = await app.connect();
    expect(await plain.ask({ type: 'subscribe', channel })).toMatchObject({
      type: 'subscribed',
      lastEventId: expect.any(String),
    });
    await live.patch(channel, { name: 'n' });
    expect(await plain.next('event')).toMatchObject({ data: { set: { '/name': 'n' } } });
    const upgraded = new Follower(plain, channel);
    upgraded.subscribe();
    await upgraded.until(({ data }) => data !== undefined);
    await live.patch(channel, { name: 'm' });
    await upgraded.step();
    expect(upgraded.data).toEqual({ name: 'm', cards: {} });
    await plain.close();
  });

  it.each([
    ['a path inside another', { set: { '/a': 1, '/a/b': 2 } }, 'is not a patch'],
    ['a prototype', { set: { '/__proto__/x': 1 } }, '__proto__'],
  ])('refuses to publish %s on its channel', async (_what, data, message) => {
    await expect(app.events.publish(CHANNEL, data)).rejects.toThrow(message);
  });

  it('refuses a channel without a state', async () => {
    const client = await app.connect();
    expect(await client.ask({ type: 'subscribe', channel: 'announcements', state: true })).toMatchObject({
      type: 'error',
      code: 'invalid_message',
    });
    await expect(live.patch('announcements', { a: 1 })).rejects.toThrow('has no state');
    await expect(live.patch('announcements', {})).rejects.toThrow('has no state');
    await client.close();
  });
});
