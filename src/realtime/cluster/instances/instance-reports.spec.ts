import { LinkedCluster } from '../../../../test/support/linked-cluster.js';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import type { Backend } from '../../backends/backend.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { Counters } from '../../observability/counters.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { InstanceHealth } from './instance-health.js';
import type { InstanceReport } from './instance-report.js';
import { InstanceReports } from './instance-reports.js';
import { Lease } from './lease.js';

const KEY = 'k'.repeat(32);
/** Clocks of two instances are allowed to differ by this much, and a report is as old as its lease. */
const OLDEST_MS = 300_000 + 15_000;

describe('the reports of the instances', () => {
  let cluster: LinkedCluster;
  let counters: Counters;
  let health: InstanceHealth;

  beforeEach(() => {
    [cluster, counters] = [new LinkedCluster(), new Counters()];
    health = new InstanceHealth(new ConnectionRegistry(counters), counters);
  });
  afterEach(() => cluster.log.close());

  async function join(...keys: string[]): Promise<{ id: string; reports: InstanceReports }> {
    const [lease, foreign] = [new Lease(), new ForeignData(counters)];
    const { directory }: Backend = await cluster.join()({ clock: new RealtimeClock(), lease, foreign });
    return { id: directory.id, reports: new InstanceReports(directory, lease, new ClusterSeal(keys), foreign) };
  }
  function report(ageMs = 0): InstanceReport {
    const registry = new ConnectionRegistry(counters);
    const about = { ...health.report(), seenAt: Date.now() - ageMs };
    return {
      stats: registry.stats(),
      health: about,
      users: '',
      topicNames: '',
      topics: [{ topic: 'a', subscribers: 1 }],
    };
  }

  it('are read by every instance', async () => {
    const [one, two] = [await join(), await join()];
    const [first, second] = [report(), report()];
    await one.reports.announce(first);
    await two.reports.announce(second);
    expect(await one.reports.all()).toEqual(
      new Map([
        [one.id, first],
        [two.id, second],
      ]),
    );
  });

  it('are skipped and counted if no instance wrote them', async () => {
    const one = await join();
    await one.reports.announce(report());
    cluster.reports.set('stranger', '{}');
    cluster.reports.set('another', 'hello');
    expect([...(await one.reports.all()).keys()]).toEqual([one.id]);
    expect(counters.foreignMessages).toBe(2);
  });

  it('are valid with a key of the cluster, for the instance that sent them', async () => {
    const [one, two, stranger] = [await join(KEY), await join(KEY), await join('x'.repeat(32))];
    for (const { reports } of [one, stranger]) await reports.announce(report());
    cluster.reports.set(two.id, cluster.reports.get(one.id) ?? '');
    expect([...(await two.reports.all()).keys()]).toEqual([one.id]);
    expect(counters.foreignMessages).toBe(2);
  });

  it.each([
    [OLDEST_MS - 5_000, true],
    [OLDEST_MS + 5_000, false],
    [5_000 - OLDEST_MS, true],
    [-5_000 - OLDEST_MS, false],
  ])('with a key are current: %i ms old', async (ageMs, isValid) => {
    const one = await join(KEY);
    await one.reports.announce(report(ageMs));
    expect((await one.reports.all()).size).toBe(isValid ? 1 : 0);
  });

  it('without a key can have any age', async () => {
    const one = await join();
    await one.reports.announce(report(10 * OLDEST_MS));
    expect((await one.reports.all()).size).toBe(1);
  });
});

it('a lease lasts three announcements', () => {
  expect(new Lease()).toEqual({ leaseMs: 15_000, renewMs: 5_000 });
});
