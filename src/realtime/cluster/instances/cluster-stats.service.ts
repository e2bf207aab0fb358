import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { ChannelStats, ClusterStats, Stats } from '../../../protocol/index.js';
import { ConnectionRegistry, mostSubscribersFirst, type TopicStats } from '../../connections/connection-registry.js';
import { TopK } from '../../connections/top-k.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { channelOf, tenantOf } from '../../tenants/topic.js';
import { withTimeout } from '../../timing/with-timeout.js';
import { DistinctCounter } from './distinct-counter.js';
import { InstanceDirectory } from './instance-directory.js';
import { InstanceHealth } from './instance-health.js';
import type { InstanceReport, TenantReport } from './instance-report.js';
import { InstanceReports } from './instance-reports.js';
import { Lease } from './lease.js';

/** Number of channels in `stats`. */
const MOST_CHANNELS = 100;
/**
 * Number of topics that an instance reports. It is larger than in `stats`, because a topic that is busy on all instances
 * may not be the busiest on any.
 */
export const REPORTED_TOPICS = 200;
/** Time limit for the directory, in milliseconds; after that only this instance is reported. */
const TIMEOUT_MS = 1_000;
/** Delay before a failed announcement is retried, in milliseconds. */
const RETRY_MS = 1_000;
/** Name of the entry point, for the log. */
const ANNOUNCE = 'Announcing this instance';

/**
 * Announces this instance to the others, and aggregates the statistics of all.
 * @hideconstructor
 */
@Injectable()
export class ClusterStatsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | null = null;
  private announcing: Promise<void> | null = null;
  private ended = false;

  constructor(
    private readonly directory: InstanceDirectory,
    private readonly registry: ConnectionRegistry,
    private readonly lease: Lease,
    private readonly health: InstanceHealth,
    private readonly options: ResolvedRealtimeOptions,
    private readonly instances: InstanceReports,
  ) {}

  onApplicationBootstrap(): void {
    if (this.directory.isAlone) return;
    this.directory.onReachable(safely(ANNOUNCE, () => this.announce()));
    runSafely(ANNOUNCE, () => this.announce());
  }

  onApplicationShutdown(): void {
    this.stop();
  }

  /** Announces this instance with a report now. It repeats this every `renewMs`. */
  announce(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.announcing ??= this.sendReport().finally(() => (this.announcing = null));
    return this.announcing;
  }

  /** Announces the end of this instance; its clients can reconnect elsewhere within the announced time. */
  async leave(): Promise<void> {
    if (this.ended) return;
    this.stop();
    const { reconnectSpreadMs, presenceGraceMs } = this.options;
    const left = (async () => {
      await this.announcing;
      await this.directory.leave(reconnectSpreadMs + presenceGraceMs);
    })().catch(() => undefined); // the lease expires
    await withTimeout(left, TIMEOUT_MS, () => undefined);
  }

  /** Announces a change of this instance at once, if there can be others. */
  async announceNow(): Promise<void> {
    if (!this.directory.isAlone) await this.announce();
  }

  /**
   * Returns the statistics of this instance and of all live instances. If the others are unavailable, they cover this
   * instance only.
   */
  async collect(): Promise<Stats> {
    const [own, known] = await Promise.all([this.report(), this.reports()]);
    const reports = [...new Map([...known, [this.directory.id, own]]).values()];
    return { instance: own.stats, cluster: clusterOf(reports), channels: busiest(reports) };
  }

  /** Returns the last report of each live instance, by id; empty if they are unavailable. @internal */
  reports(): Promise<ReadonlyMap<string, InstanceReport>> {
    const none = (): ReadonlyMap<string, InstanceReport> => new Map();
    return withTimeout(this.instances.all().catch(none), TIMEOUT_MS, none);
  }

  /** Creates a report of this instance. @internal */
  async report(): Promise<InstanceReport> {
    const { registry } = this;
    const users = await DistinctCounter.of(registry.users());
    const topicNames = await DistinctCounter.of(registry.topics());
    return {
      stats: registry.stats(),
      health: this.health.report(),
      users: users.toString(),
      topicNames: topicNames.toString(),
      topics: registry.busiestTopics(REPORTED_TOPICS),
    };
  }

  private stop(): void {
    this.ended = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private async sendReport(): Promise<void> {
    let next = this.lease.renewMs;
    try {
      await this.instances.announce(await this.report());
    } catch {
      next = Math.min(next, RETRY_MS); // the broker logs that Redis is unavailable
    }
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = this.ended
      ? null
      : setTimeout(
          safely(ANNOUNCE, () => this.announce()),
          next,
        ).unref();
  }
}

/** Aggregates the statistics of several instances. */
export function clusterOf(reports: readonly TenantReport[]): ClusterStats {
  return {
    connections: sum(reports, 'connections'),
    anonymous: sum(reports, 'anonymous'),
    users: countDistinct(reports, 'users'),
    channels: countDistinct(reports, 'topicNames'),
    subscriptions: sum(reports, 'subscriptions'),
    published: sum(reports, 'published'),
    delivered: sum(reports, 'delivered'),
    slowConsumersClosed: sum(reports, 'slowConsumersClosed'),
    // Uptime of the oldest instance; a sum would be meaningless.
    uptimeMs: Math.max(...reports.map(({ stats }) => stats.uptimeMs)),
    instances: reports.length,
  };
}

function sum(reports: readonly TenantReport[], counter: keyof TenantReport['stats']): number {
  return reports.reduce((total, { stats }) => total + stats[counter], 0);
}

function countDistinct(reports: readonly TenantReport[], what: 'users' | 'topicNames'): number {
  return DistinctCounter.merge(reports.map((report) => DistinctCounter.parse(report[what]))).count;
}

/**
 * Returns the channels with the most subscribers. A channel can have a few more on an instance that did not report it,
 * because reports are limited.
 */
export function busiest(reports: readonly TenantReport[]): ChannelStats[] {
  const subscribers = new Map<string, number>();
  for (const { topics } of reports) {
    for (const entry of topics) subscribers.set(entry.topic, (subscribers.get(entry.topic) ?? 0) + entry.subscribers);
  }
  const first = new TopK<TopicStats>(MOST_CHANNELS, mostSubscribersFirst);
  for (const [topic, count] of subscribers) first.add({ topic, subscribers: count });
  return first.list().map(channelStats);
}

function channelStats({ topic, subscribers }: TopicStats): ChannelStats {
  const tenant = tenantOf(topic);
  return { channel: channelOf(topic), subscribers, ...(tenant !== null && { tenant }) };
}
