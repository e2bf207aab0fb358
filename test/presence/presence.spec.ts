import type { RealtimeApp } from '../realtime/support/realtime-app.js';
import { errorOf, stamped } from '../realtime/support/shapes.js';
import { RealtimeControl } from '../../src/realtime/index.js';
import { signToken } from '../support/jwt.js';
import { RedisProcess } from '../support/redis-process.js';
import {
  BARE,
  enter,
  enterAndWatch,
  type PresenceOptions,
  ROOM,
  startInstance,
  toldSoFar,
  expectPresent,
  expectTold,
} from './support/presence-app.js';

describe.each(['memory', 'redis'])('presence of one instance: %s', (engine) => {
  let redis: RedisProcess | null = null;
  let app: RealtimeApp;

  beforeAll(async () => {
    redis = engine === 'redis' ? await RedisProcess.start() : null;
  });
  afterAll(() => redis?.stop());

  let run = 0;
  const start = (options: PresenceOptions = {}): Promise<RealtimeApp> => {
    const url = redis?.url ?? null;
    return startInstance(url, { ...options, ...(url === null ? {} : { redis: { url, prefix: `t${run}:` } }) });
  };
  beforeEach(async () => {
    run += 1;
    app = await start();
  });
  afterEach(() => app.close());

  it('returns the members, also to a user who is not a member', async () => {
    const [one, two, asker] = await Promise.all(['u1', 'u2', 'u3'].map((sub) => app.connectAs({ sub })));
    await enter(one!);
    await enter(two!);
    expect(await asker!.ask({ type: 'presence', channel: ROOM })).toEqual(
      stamped({
        type: 'presence',
        ref: 'ask-1',
        channel: ROOM,
        members: [
          { userId: 'u1', connections: 1 },
          { userId: 'u2', connections: 1 },
        ],
        count: 2,
      }),
    );
  });

  it('sends `subscribed` first, then the members including the subscriber', async () => {
    const one = await app.connectAs({ sub: 'u1' });
    await enter(one);
    const two = await app.connectAs({ sub: 'u2' });
    two.send({ type: 'subscribe', channel: ROOM, presence: true });
    const subscribed = await two.next();
    expect(subscribed).toMatchObject({ type: 'subscribed', channel: ROOM });
    expect(await two.next()).toEqual(
      stamped({
        type: 'presence',
        channel: ROOM,
        members: [
          { userId: 'u1', connections: 1 },
          { userId: 'u2', connections: 1 },
        ],
        count: 2,
      }),
    );
    await one.expectNone('presence');
  });

  it('notifies a watcher about joins and leaves of watching and other clients', async () => {
    const watcher = await app.connectAs({ sub: 'w' });
    expect(await enterAndWatch(watcher)).toMatchObject({ members: [{ userId: 'w', connections: 1 }], count: 1 });
    const one = await app.connectAs({ sub: 'u1' });
    await enter(one);
    expect(await watcher.next('presence_diff')).toEqual(
      stamped({ type: 'presence_diff', channel: ROOM, joined: [{ userId: 'u1', connections: 1 }], left: [] }),
    );
    await one.close();
    expect(await watcher.next('presence_diff')).toEqual(
      stamped({ type: 'presence_diff', channel: ROOM, joined: [], left: [{ userId: 'u1', connections: 0 }] }),
    );
    await expectPresent(watcher, { w: 1 }, 1);
  });

  it('treats several connections of a user as one member', async () => {
    const watcher = await app.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const tabs = await Promise.all([1, 2, 3].map(() => app.connectAs({ sub: 'u1' })));
    for (const tab of tabs) await enter(tab);
    await expectPresent(watcher, { w: 1, u1: 3 }, 2);
    await tabs[0]!.close();
    await expectPresent(watcher, { w: 1, u1: 2 }, 2);
    await tabs[1]!.close();
    await tabs[2]!.close();
    await expectTold(watcher, 'left', 'u1');
    expect(toldSoFar(watcher)).toEqual(['+u1', '-u1']);
  });

  it('counts anonymous connections, and does not list them', async () => {
    const user = await app.connectAs({ sub: 'u1' });
    await enter(user, 'announcements');
    const guests = await Promise.all([app.connect(), app.connect()]);
    for (const guest of guests) await enter(guest, 'announcements');
    await expectPresent(guests[0], { u1: 1 }, 3, { channel: 'announcements' });
    await guests[1].close();
    await expectPresent(guests[0], { u1: 1 }, 2, { channel: 'announcements' });
  });

  it('counts a connection as its user once it sends a token', async () => {
    const watcher = await app.connectAs({ sub: 'w' });
    await enterAndWatch(watcher, 'announcements');
    const guest = await app.connect();
    await enter(guest, 'announcements');
    await expectPresent(watcher, { w: 1 }, 2, { channel: 'announcements' });
    expect(await guest.ask({ type: 'auth', token: signToken({ sub: 'u1' }) })).toMatchObject({ type: 'authenticated' });
    await expectTold(watcher, 'joined', 'u1');
    await expectPresent(watcher, { w: 1, u1: 1 }, 2, { channel: 'announcements' });
  });

  it('removes a client at once on unsubscribe, and sends it nothing more', async () => {
    const watcher = await app.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const one = await app.connectAs({ sub: 'u1' });
    await enterAndWatch(one);
    await expectTold(watcher, 'joined', 'u1');
    await one.ask({ type: 'unsubscribe', channel: ROOM });
    await expectTold(watcher, 'left', 'u1');
    const two = await app.connectAs({ sub: 'u2' });
    await enter(two);
    await expectTold(watcher, 'joined', 'u2');
    await one.expectNone('presence_diff');
  });

  it('removes a member whose permission was revoked', async () => {
    const admins = 'system:alerts';
    await app.close();
    app = await start({ channels: [{ name: admins, presence: true }] });
    const boss = await app.connectAdmin();
    await enterAndWatch(boss, admins);
    const deputy = await app.connectAs({ sub: 'deputy', role: 'admin' });
    await enterAndWatch(deputy, admins);
    await expectTold(boss, 'joined', 'deputy');
    await deputy.ask({ type: 'auth', token: signToken({ sub: 'deputy', role: 'user' }) });
    expect(await deputy.next('unsubscribed')).toMatchObject({ channel: admins, reason: 'access_revoked' });
    await expectTold(boss, 'left', 'deputy');
    await expectPresent(boss, { boss: 1 }, 1, { channel: admins });
  });

  it('removes a member that an admin disconnects', async () => {
    const watcher = await app.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    const one = await app.connectAs({ sub: 'u1' });
    await enter(one);
    await expectTold(watcher, 'joined', 'u1');
    await app.app.get(RealtimeControl).disconnectUser('u1');
    expect(await one.whenClosed()).toMatchObject({ code: 4403 });
    await expectTold(watcher, 'left', 'u1');
  });

  it('does not flap when a page is reloaded', async () => {
    await app.close();
    app = await start({ presenceGraceMs: 60_000 });
    const watcher = await app.connectAs({ sub: 'w' });
    await enterAndWatch(watcher);
    let page = await app.connectAs({ sub: 'u1' });
    await enter(page);
    await expectTold(watcher, 'joined', 'u1');
    for (let reload = 0; reload < 3; reload += 1) {
      const isGone = app.gone('u1');
      page.terminate();
      await isGone;
      // A later join shows that earlier changes were processed.
      const other = await app.connectAs({ sub: `x${reload}` });
      await enter(other);
      await expectTold(watcher, 'joined', `x${reload}`);
      page = await app.connectAs({ sub: 'u1' });
      await enter(page);
    }
    await expectPresent(watcher, { w: 1, u1: 1, x0: 1, x1: 1, x2: 1 }, 5);
    expect(toldSoFar(watcher)).toEqual(['+u1', '+x0', '+x1', '+x2']);
  });

  it('refuses if presence is off, and serves only users with access to the channel', async () => {
    const [user, guest] = await Promise.all([app.connectAs(), app.connect()]);
    expect(await user.ask({ type: 'presence', channel: BARE })).toEqual(
      errorOf('presence_disabled', { channel: BARE, ref: 'ask-1' }),
    );
    expect(await user.ask({ type: 'subscribe', channel: BARE, presence: true })).toMatchObject({
      code: 'presence_disabled',
    });
    expect(await user.ask({ type: 'list_channels' })).toMatchObject({ subscribed: [] });
    expect(await guest.ask({ type: 'presence', channel: BARE })).toMatchObject({ code: 'forbidden' });
    expect(await guest.ask({ type: 'presence', channel: ROOM })).toMatchObject({ code: 'forbidden' });
    expect(await user.ask({ type: 'presence', channel: 'rooms:nowhere' })).toMatchObject({ code: 'unknown_channel' });
  });

  it('starts watching on an existing subscription', async () => {
    const one = await app.connectAs({ sub: 'u1' });
    await enter(one);
    await one.expectNone('presence');
    expect(await enterAndWatch(one)).toMatchObject({ members: [{ userId: 'u1', connections: 1 }], count: 1 });
    const two = await app.connectAs({ sub: 'u2' });
    await enter(two);
    await expectTold(one, 'joined', 'u2');
  });

  it('replies to many clients that join at the same time', async () => {
    const clients = await Promise.all(Array.from({ length: 60 }, (_, index) => app.connectAs({ sub: `u${index}` })));
    await Promise.all(clients.map((client) => enterAndWatch(client)));
    const all = Object.fromEntries(clients.map((_, index) => [`u${index}`, 1]));
    await expectPresent(clients[0]!, all, 60);
    await Promise.all(clients.map((client) => client.fence()));
    // The frames of each client add up to the same members.
    for (const client of clients) {
      const members = new Set<string>();
      for (const frame of client.frames) {
        if (frame.type === 'presence') for (const { userId } of frame.members) members.add(userId);
        if (frame.type === 'presence_diff') {
          for (const { userId } of frame.joined) members.add(userId);
          for (const { userId } of frame.left) members.delete(userId);
        }
      }
      expect([...members].toSorted()).toEqual(Object.keys(all).toSorted());
    }
  });
});
