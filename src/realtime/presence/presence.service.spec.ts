import { Logger } from '@nestjs/common';
import {
  offlineConnection,
  principalOf,
  framesOf,
  type OfflineConnection,
} from '../../../test/support/offline-connection.js';
import { MemoryPresenceStore } from '../backends/memory/memory.presence-store.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { ChannelFeatures, type PolicyEntry } from '../channels/channel-features.js';
import type { InstanceDirectory } from '../cluster/instances/instance-directory.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { Subscription } from '../connections/subscription.js';
import { Counters } from '../observability/counters.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import type { OnlineUsers } from './online-users.js';
import type { PresenceHints } from './presence-hints.js';
import { PresenceService } from './presence.service.js';

const CHANNELS = [
  { name: 'room:{id}', access: 'public', presence: true },
  { name: 'bare', access: 'public' },
] as const;

describe('PresenceService', () => {
  let registry: ConnectionRegistry;
  let store: MemoryPresenceStore;
  let clock: RealtimeClock;
  let hinted: string[];
  let hint: (topic: string) => void;
  let reachable: () => void;
  let directory: {
    registrations: number;
    onReachable(callback: () => void): void;
  };
  let service: PresenceService;

  function create(
    channels: readonly object[] = CHANNELS,
    presenceGraceMs = 0,
    policies: readonly PolicyEntry[] = [],
  ): PresenceService {
    const options = resolveOptions({
      jwt: { secret: 'x'.repeat(32) },
      channels,
      presenceGraceMs,
    } as never);
    registry = new ConnectionRegistry(new Counters());
    [store, clock, hinted, hint, reachable] = [
      new MemoryPresenceStore(),
      new RealtimeClock(),
      [],
      () => undefined,
      () => undefined,
    ];
    const hints = {
      send: (topic: string) => void hinted.push(topic),
      listen: (callback: typeof hint) => void (hint = callback),
    } as unknown as PresenceHints;
    directory = {
      registrations: 1,
      onReachable: (callback) => void (reachable = callback),
    };
    const lease = { leaseMs: 15_000, renewMs: 5_000 };
    const catalogue = new ChannelCatalogue(options, new ChannelFeatures([], policies));
    const parts = [
      store,
      hints,
      directory as unknown as InstanceDirectory,
      lease,
      options,
      catalogue,
      clock,
      registry,
    ] as const;
    service = new PresenceService(...parts, {} as OnlineUsers);
    return service;
  }

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(true));
  beforeEach(() => void create());
  afterEach(() => service.onApplicationShutdown());

  function join(userId: string | null, channel = 'room:1'): [OfflineConnection, Subscription] {
    const connection = offlineConnection(userId === null ? null : principalOf(userId));
    registry.add(connection);
    return [connection, registry.subscribe(connection, channel)];
  }
  const listed = async (): Promise<unknown> => {
    const { members, count } = await service.list('room:1');
    return [members.map(({ userId, connections }) => `${userId} ${connections}`), count];
  };
  /** Runs what is due, as the timer does. */
  const sync = async (): Promise<void> => {
    (service as unknown as { sync(now: number): void }).sync(clock.now());
    await new Promise(setImmediate);
  };

  it('lists the users of all subscriptions, and counts those without a token', async () => {
    join('u');
    join('u');
    join('v');
    join(null);
    expect(await listed()).toEqual([['u 2', 'v 1'], 3]);
    expect(hinted).toEqual(['room:1']);
  });

  it('ignores channels without presence', async () => {
    const [, subscription] = join('u', 'bare');
    registry.unsubscribe(subscription);
    await sync();
    expect(await store.read('bare')).toMatchObject({ members: new Map() });
  });

  it('counts a platform administrator in a tenant without a name', async () => {
    const connection = offlineConnection({
      ...principalOf('boss', { tenant: 'a' }),
      homeTenant: null,
    });
    registry.subscribe(connection, 'room:1');
    expect(await listed()).toEqual([[], 1]);
  });

  it('shows a member of a channel under a policy once the policy decided, with its info', async () => {
    const policy = { name: 'BoardPolicy', module: 'Boards', patterns: ['boards:*'], instance: undefined };
    create([{ name: 'boards:{id}', presence: true }], 0, [policy]);
    const [connection, subscription] = join('ann', 'boards:1');
    await sync();
    expect((await store.read('boards:1')).members.size).toBe(0);
    subscription.granted = { groups: [], fields: [], info: '{"name":"Ann"}' };
    registry.granted(subscription, connection);
    expect((await service.list('boards:1')).members).toEqual([
      { userId: 'ann', connections: 1, info: { name: 'Ann' } },
    ]);
  });

  it('moves a subscription to the user of a newer token', async () => {
    const [connection] = join(null);
    registry.identify(connection, principalOf('u'));
    expect(await listed()).toEqual([['u 1'], 1]);
  });

  it('removes a user who unsubscribed at once, even if there is a grace period', async () => {
    create(CHANNELS, 10_000);
    const [, subscription] = join('u');
    registry.unsubscribe(subscription);
    expect(await listed()).toEqual([[], 0]);
  });

  it('keeps a user whose connection was lost for the grace period', async () => {
    create(CHANNELS, 10_000);
    const [connection, subscription] = join('u');
    connection.closing = true;
    registry.unsubscribe(subscription);
    expect(await listed()).toEqual([['u 1'], 1]);
    clock.advance(9_000);
    await sync();
    expect((await store.read('room:1')).members.size).toBe(1);
    clock.advance(1_001);
    await sync();
    expect((await store.read('room:1')).members.size).toBe(0);
  });

  it('keeps the users of a lost connection only with a grace period', async () => {
    const [connection, subscription] = join('u');
    connection.closing = true;
    registry.unsubscribe(subscription);
    await sync();
    expect((await store.read('room:1')).members.size).toBe(0);
  });

  it('keeps all users during a shutdown, and writes the rest within its end', async () => {
    const [connection, subscription] = join('u');
    service.hold();
    connection.closing = true;
    registry.unsubscribe(subscription);
    clock.advance(60_000);
    await sync();
    await service.leave();
    expect((await store.read('room:1')).members).toEqual(new Map([['u', 1]]));
  });

  it('sends the members to a watcher, and again after a pause', async () => {
    const [connection, subscription] = join('u');
    service.watch(subscription);
    await sync();
    expect(framesOf(connection)).toMatchObject([{ type: 'presence', channel: 'room:1', count: 1 }]);
    registry.resumed(subscription);
    await sync();
    expect(framesOf(connection)).toHaveLength(2);
    registry.unsubscribe(subscription);
    service.watch(subscription); // the channel is not open any more
  });

  it('answers unavailable if the store does not answer', async () => {
    store.read = () => Promise.reject(new RealtimeUnavailableError('down'));
    await expect(service.list('room:1')).rejects.toMatchObject({
      code: 'unavailable',
      channel: 'room:1',
    });
    store.read = () => Promise.reject(new TypeError('bug'));
    await expect(service.list('room:1')).rejects.toThrow('bug');
  });

  it('writes its members again after the directory lost this instance, or was unavailable', async () => {
    service.onApplicationBootstrap();
    join('u');
    await sync();
    const lose = async (): Promise<void> => store.write('room:1', new Map([['u', null]]));
    await lose();
    directory.registrations = 2;
    await sync();
    expect((await store.read('room:1')).members.size).toBe(1);
    await lose();
    await sync();
    expect((await store.read('room:1')).members.size).toBe(0);
    reachable();
    await sync();
    expect((await store.read('room:1')).members.size).toBe(1);
  });

  it('reads a channel again after another instance reported a change', async () => {
    service.onApplicationBootstrap();
    const [connection, subscription] = join('u');
    service.watch(subscription);
    await sync();
    await store.write('room:1', new Map([['v', 1]]));
    hint('room:1');
    hint('another');
    while (framesOf(connection).at(-1)!.type !== 'presence_diff') {
      await new Promise((resolve) => void setTimeout(resolve, 10)); // the pace of reads
      await sync();
    }
    expect(framesOf(connection).at(-1)).toMatchObject({
      type: 'presence_diff',
      joined: [{ userId: 'v' }],
    });
  });

  it('does nothing without a channel with presence', () => {
    create([{ name: 'bare', access: 'public' }]);
    service.onApplicationBootstrap();
    join('u', 'bare');
    expect((service as unknown as { timer: unknown }).timer).toBeNull();
  });
});
