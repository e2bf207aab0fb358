import { jest } from '@jest/globals';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import type { Principal } from '../../auth/principal.js';
import { MemorySubscriptionStore } from '../../backends/memory/memory.subscription-store.js';
import type { ChannelCatalogue } from '../../channels/channel-catalogue.js';
import type { Connection } from '../../connections/connection.js';
import type { ConnectionRegistry } from '../../connections/connection-registry.js';
import type { RedisBridge } from '../../delivery/redis-bridge.service.js';
import { Counters } from '../../observability/counters.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import type { Reauthorization } from '../control/reauthorization.js';
import { ServerSubscriptions, type ServerSubscriber } from './server-subscriptions.js';
import { StoredSubscriptions } from './stored-subscriptions.js';

const HOUR_MS = 3_600_000;
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('ServerSubscriptions', () => {
  let clock: RealtimeClock;
  let store: MemorySubscriptionStore;
  let service: ServerSubscriptions;
  let connections: Connection[];
  let asked: {
    channel: string;
    isWanted: () => boolean;
    answer: (code: Awaited<ReturnType<ServerSubscriber>>) => void;
  }[];

  beforeEach(() => {
    clock = new RealtimeClock();
    store = new MemorySubscriptionStore(() => clock.now());
    connections = [];
    asked = [];
    service = new ServerSubscriptions(
      { autoSubscribedFor: () => [] } as unknown as ChannelCatalogue,
      {
        ofUser: (userKey: string) => new Set(connections.filter(({ principal }) => principal?.userKey === userKey)),
        all: () => connections,
      } as unknown as ConnectionRegistry,
      { detach: () => undefined } as unknown as RedisBridge,
      new StoredSubscriptions(store, new ClusterSeal([]), new ForeignData(new Counters())),
      clock,
      { onRefused: null } as unknown as Reauthorization,
    );
    service.subscriber = (_connection, channel, isWanted) =>
      new Promise((answer) => void asked.push({ channel, isWanted, answer }));
  });
  afterEach(() => {
    service.onApplicationShutdown();
    jest.restoreAllMocks();
  });

  const connect = (userKey = 'ann'): Connection => {
    const connection = {
      id: `c${connections.length}`,
      principal: { userKey } as Principal,
      closing: false,
      subscriptions: new Map(),
      send: () => undefined,
    } as unknown as Connection;
    connections.push(connection);
    return connection;
  };
  const add = (channel: string, userKey = 'ann') => store.add(userKey, channel, channel, 10, 25 * HOUR_MS);
  const last = () => asked[asked.length - 1];

  it('withdraws a subscription that is ended while it is being made', async () => {
    connect();
    const subscribing = service.subscribe('ann', 'rooms:1');
    const other = service.subscribe('ann', 'rooms:2');
    expect(service.unsubscribe('ann', 'rooms:1')).toBe(0);
    expect(asked.map(({ isWanted }) => isWanted())).toEqual([false, true]);
    for (const { answer } of asked) answer(null);
    await Promise.all([subscribing, other]);
  });

  it('does not begin one that is ended while the store is read', async () => {
    await add('rooms:1');
    await add('rooms:2');
    let release: () => void = () => undefined;
    const all = store.all.bind(store);
    jest.spyOn(store, 'all').mockImplementation(async (...given) => {
      const entries = await all(...given);
      await new Promise<void>((resolve) => (release = resolve));
      return entries;
    });
    service.onConnected(connect());
    await turn();
    service.unsubscribe('ann', 'rooms:1');
    release();
    await turn();
    expect(asked.map(({ channel }) => channel)).toEqual(['rooms:2']);
  });

  it('ends no subscription of the client that is still being made', () => {
    const connection = connect();
    connection.subscriptions.set('rooms:1', { decidedFor: undefined } as never);
    expect(service.unsubscribe('ann', 'rooms:1')).toBe(0);
    connection.subscriptions.set('rooms:1', { decidedFor: null } as never);
    expect(service.unsubscribe('ann', 'rooms:1')).toBe(1);
  });

  it('reads the store for a connection once the first command has arrived, after any earlier answer of the store', async () => {
    let say: (isUsed: boolean) => void = () => undefined;
    jest.spyOn(store, 'isUsed').mockImplementation(() => new Promise((resolve) => (say = resolve)));
    service.start(Promise.resolve());
    await turn();
    await service.subscribe('ann', 'rooms:1');
    say(false);
    await turn();
    await add('rooms:1');
    service.onConnected(connect());
    await turn();
    expect(last()?.channel).toBe('rooms:1');
  });

  it('reads nothing for a connection while no user has a subscription', async () => {
    service.start(Promise.resolve());
    await turn();
    const reads = jest.spyOn(store, 'all');
    service.onConnected(connect());
    await turn();
    expect(reads).not.toHaveBeenCalled();
  });

  it('tries again until it is decided, while the connection is open', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    try {
      const [open, closed] = [connect(), connect()];
      const subscribing = service.subscribe('ann', 'rooms:1');
      for (const { answer } of asked) answer('unavailable');
      expect(await subscribing).toEqual({
        connections: 0,
        refusals: [open, closed].map(({ id }) => ({ connectionId: id, code: 'unavailable' })),
      });
      closed.closing = true;
      await jest.advanceTimersByTimeAsync(500);
      expect(asked).toHaveLength(3);
      last()?.answer('rate_limited');
      await jest.advanceTimersByTimeAsync(1_000);
      expect(asked).toHaveLength(4);
      last()?.answer(null);
      await jest.advanceTimersByTimeAsync(60_000);
      expect(asked).toHaveLength(4);
    } finally {
      jest.useRealTimers();
    }
  });

  it('removes a stored one when a later try is refused, unless another connection has it', async () => {
    const connection = connect();
    await add('rooms:1');
    service.onConnected(connection);
    await turn();
    const other = connect();
    other.subscriptions.set('rooms:1', {} as never);
    last()?.answer('forbidden');
    await turn();
    expect([...(await store.all('ann', HOUR_MS)).keys()]).toEqual(['rooms:1']);
    other.subscriptions.clear();
    service.onConnected(connection);
    await turn();
    last()?.answer('too_many_subscriptions');
    await turn();
    expect((await store.all('ann', HOUR_MS)).size).toBe(1);
    service.onConnected(connection);
    await turn();
    last()?.answer('forbidden');
    await turn();
    expect((await store.all('ann', HOUR_MS)).size).toBe(0);
  });

  it('renews the subscriptions of connected users every hour, and again soon after a failure', async () => {
    await add('rooms:1');
    const connection = connect();
    service.onConnected(connection);
    await turn();
    last()?.answer(null);
    await turn();
    const renew = jest.spyOn(store, 'all');
    clock.advance(HOUR_MS - 1_000);
    await turn();
    expect(renew).not.toHaveBeenCalled();
    renew.mockRejectedValueOnce(new Error('the store is down'));
    clock.advance(2_000);
    await turn();
    clock.advance(60_000);
    await turn();
    expect(renew).toHaveBeenCalledTimes(2);
    connections = [];
    clock.advance(HOUR_MS + 1);
    await turn();
    clock.advance(HOUR_MS + 1);
    await turn();
    expect(renew).toHaveBeenCalledTimes(2);
  });
});
