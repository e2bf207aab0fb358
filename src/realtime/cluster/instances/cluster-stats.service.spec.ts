import { jest } from '@jest/globals';
import { LinkedCluster, type LinkedBroker } from '../../../../test/support/linked-cluster.js';
import { offlineConnection, principalOf } from '../../../../test/support/offline-connection.js';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import { MemoryInstanceDirectory } from '../../backends/memory/memory.instance-directory.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { Counters } from '../../observability/counters.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { topicOf } from '../../tenants/topic.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { busiest, clusterOf, ClusterStatsService, REPORTED_TOPICS } from './cluster-stats.service.js';
import type { InstanceDirectory } from './instance-directory.js';
import { InstanceHealth } from './instance-health.js';
import type { InstanceReport } from './instance-report.js';
import { InstanceReports } from './instance-reports.js';
import { Lease } from './lease.js';

interface Member {
  readonly stats: ClusterStatsService;
  readonly registry: ConnectionRegistry;
  readonly directory: InstanceDirectory;
}

describe('the statistics of two instances', () => {
  let cluster: LinkedCluster;
  let brokers: LinkedBroker[];
  let here: Member;
  let there: Member;

  function member(directory: InstanceDirectory): Member {
    const counters = new Counters();
    const [registry, lease] = [new ConnectionRegistry(counters), new Lease()];
    const health = new InstanceHealth(registry, counters);
    const reports = new InstanceReports(directory, lease, new ClusterSeal([]), new ForeignData(counters));
    const options = new ResolvedRealtimeOptions();
    return {
      stats: new ClusterStatsService(directory, registry, lease, health, options, reports),
      registry,
      directory,
    };
  }
  async function join(): Promise<Member> {
    const context = { clock: new RealtimeClock(), lease: new Lease(), foreign: new ForeignData(new Counters()) };
    const { directory } = await cluster.join((broker) => void brokers.push(broker))(context);
    return member(directory);
  }

  beforeEach(async () => {
    jest.useFakeTimers();
    [cluster, brokers] = [new LinkedCluster(), []];
    [here, there] = [await join(), await join()];
  });
  afterEach(async () => {
    for (const { stats } of [here, there]) stats.onApplicationShutdown();
    await cluster.log.close();
    const left = jest.getTimerCount();
    jest.useRealTimers();
    if (left > 0) throw new Error(`${left} timers are left`);
  });

  function connect({ registry }: Member, userId: string | null, ...channels: string[]): void {
    const connection = offlineConnection(userId === null ? null : principalOf(userId));
    registry.add(connection);
    for (const channel of channels) registry.subscribe(connection, channel);
  }

  it('add up, and count a user or channel on both once', async () => {
    connect(here, 'ann', 'a');
    connect(there, 'ann', 'a', 'b');
    connect(there, null);
    await there.stats.announce();
    const { instance, cluster: all, channels } = await here.stats.collect();
    expect(instance).toMatchObject({ connections: 1, users: 1, subscriptions: 1 });
    expect(all).toMatchObject({ connections: 3, anonymous: 1, users: 1, channels: 2, subscriptions: 3, instances: 2 });
    expect(channels).toEqual([
      { channel: 'a', subscribers: 2 },
      { channel: 'b', subscribers: 1 },
    ]);
  });

  it('cover only this instance while the others cannot be reached, or do not answer within a second', async () => {
    await there.stats.announce();
    brokers.at(0)?.cutOff();
    expect((await here.stats.collect()).cluster.instances).toBe(1);
    here.directory.all = () => new Promise(() => undefined);
    let reports: unknown;
    void here.stats.reports().then((found) => (reports = found));
    await jest.advanceTimersByTimeAsync(999);
    expect(reports).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(reports).toEqual(new Map());
  });

  it('are announced at the start, and every five seconds', async () => {
    const announced = jest.spyOn(here.directory, 'announce');
    here.stats.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(0);
    expect(announced).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(4_999);
    expect(announced).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(announced).toHaveBeenCalledTimes(2);
    here.stats.onApplicationShutdown();
    await jest.advanceTimersByTimeAsync(20_000);
    await here.stats.announce();
    expect(announced).toHaveBeenCalledTimes(2);
  });

  it('are announced again a second after a failure, and at once when that is possible again', async () => {
    brokers.at(0)?.cutOff();
    const announced = jest.spyOn(here.directory, 'announce');
    here.stats.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(999);
    expect(announced).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(announced).toHaveBeenCalledTimes(2);
    await brokers.at(0)?.rejoin();
    await jest.advanceTimersByTimeAsync(0);
    expect([announced.mock.calls.length, cluster.reports.size]).toEqual([3, 1]);
  });

  it('are announced once if several announcements are requested at the same time', async () => {
    const announced = jest.spyOn(here.directory, 'announce');
    await Promise.all([here.stats.announce(), here.stats.announceNow(), here.stats.announce()]);
    expect(announced).toHaveBeenCalledTimes(1);
    await here.stats.announceNow();
    expect(announced).toHaveBeenCalledTimes(2);
  });

  it('lose an instance that leaves, for which clients have the time to reconnect', async () => {
    await here.stats.announce();
    const left = jest.spyOn(here.directory, 'leave');
    await here.stats.leave();
    await here.stats.leave();
    expect([cluster.reports.size, left.mock.calls]).toEqual([0, [[15_000]]]);
  });

  it('do not delay the end of an instance that cannot be reached', async () => {
    brokers.at(0)?.cutOff();
    await here.stats.leave();
    there.directory.leave = () => new Promise(() => undefined);
    let hasLeft = false;
    void there.stats.leave().then(() => (hasLeft = true));
    await jest.advanceTimersByTimeAsync(999);
    expect(hasLeft).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(hasLeft).toBe(true);
  });

  it('need no announcement if there can be no other instance', async () => {
    const alone = member(new MemoryInstanceDirectory());
    const announced = jest.spyOn(alone.directory, 'announce');
    alone.stats.onApplicationBootstrap();
    await alone.stats.announceNow();
    expect(announced).not.toHaveBeenCalled();
    expect((await alone.stats.collect()).cluster.instances).toBe(1);
  });
});

describe('aggregated statistics', () => {
  const counts = (value: number): InstanceReport['stats'] => ({
    ...{ connections: value, anonymous: value, users: value, channels: value, subscriptions: value },
    ...{ published: value, delivered: value, slowConsumersClosed: value, uptimeMs: value },
  });

  it('are sums, and the uptime of the oldest instance', () => {
    const reports = [counts(1), counts(20)].map((stats) => ({ stats, users: '', topicNames: '', topics: [] }));
    expect(clusterOf(reports)).toEqual({ ...counts(21), users: 0, channels: 0, uptimeMs: 20, instances: 2 });
  });

  it('list the hundred channels with the most subscribers', () => {
    const topics = Array.from({ length: REPORTED_TOPICS }, (_, index) => ({ topic: `c${index}`, subscribers: index }));
    const own = { topic: topicOf('acme', 'c'), subscribers: 1_000 };
    const report = { stats: counts(0), users: '', topicNames: '' };
    const channels = busiest([
      { ...report, topics },
      { ...report, topics: [own, { topic: 'c0', subscribers: 500 }] },
    ]);
    expect(channels).toHaveLength(100);
    expect(channels.slice(0, 3)).toEqual([
      { channel: 'c', subscribers: 1_000, tenant: 'acme' },
      { channel: 'c0', subscribers: 500 },
      { channel: 'c199', subscribers: 199 },
    ]);
    expect(REPORTED_TOPICS).toBe(200);
  });
});
