import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { ChannelStats, ClusterStats, Stats } from '../../protocol/index.js';
import { ConnectionRegistry, mostSubscribersFirst, type TopicStats } from '../connections/connection-registry.js';
import { TopK } from '../connections/top-k.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import { Distinct } from './distinct.js';
import { InstanceDirectory, type InstanceReport, type TenantReport } from './instance-directory.js';
import { InstanceVitals } from './instance-vitals.js';
import { Lease } from './lease.js';

/** Channels that `stats` names. */
const MOST_CHANNELS = 100;
/** Topics that an instance reports: more than are named, for one that is busy everywhere may be among the first nowhere. */
export const REPORTED_TOPICS = 200;
/** How long the directory may take, in milliseconds; after that one's own figures are the answer. */
const PATIENCE_MS = 1_000;
/** How soon an announcement that failed is tried again, in milliseconds. */
const RETRY_MS = 1_000;
/** The entry point, for the log. */
const ANNOUNCE = 'Announcing this instance';

/**
 * Makes this instance known to the others, and adds up the figures of all.
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
    private readonly vitals: InstanceVitals,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  onApplicationBootstrap(): void {
    if (this.directory.isAlone) return;
    this.directory.onReachable(safely(ANNOUNCE, () => this.announce()));
    runSafely(ANNOUNCE, () => this.announce());
  }

  onApplicationShutdown(): void {
    this.end();
  }

  /** Says now that this instance lives, and what it does; it does so by itself every `renewMs`. */
  announce(): Promise<void> {
    if (this.ended) return Promise.resolve();
    this.announcing ??= this.tell().finally(() => (this.announcing = null));
    return this.announcing;
  }

  /** Says that this instance ends; its connections may come back elsewhere for as long as they were told to. */
  async leave(): Promise<void> {
    if (this.ended) return;
    this.end();
    const { reconnectSpreadMs, presenceGraceMs } = this.options;
    const left = (async () => {
      await this.announcing;
      await this.directory.leave(reconnectSpreadMs + presenceGraceMs);
    })();
    await inTime(left, undefined); // where it is not heard, the lease ends by itself
  }

  /** This instance begins to send its connections away: the others hear of it now. */
  async drain(): Promise<void> {
    this.vitals.draining = true;
    if (!this.directory.isAlone) await this.announce();
  }

  /** The figures of this instance and of all that live. Where these cannot be had in time, this instance's count as all. */
  async collect(): Promise<Stats> {
    const [own, known] = await Promise.all([this.report(), this.reports()]);
    const reports = [...new Map([...known, [this.directory.id, own]]).values()];
    return { instance: own.stats, cluster: clusterOf(reports), channels: busiest(reports) };
  }

  /** What every instance that lives said of itself last, by its id; none where that cannot be had in time. @internal */
  reports(): Promise<ReadonlyMap<string, InstanceReport>> {
    return inTime(this.directory.all(), new Map<string, InstanceReport>());
  }

  /** What this instance says of itself now. @internal */
  async report(): Promise<InstanceReport> {
    const { registry } = this;
    const users = await Distinct.of(registry.users());
    const topicNames = await Distinct.of(registry.topics());
    return {
      stats: registry.stats(),
      vitals: this.vitals.report(),
      users: users.toString(),
      topicNames: topicNames.toString(),
      topics: registry.busiestTopics(REPORTED_TOPICS),
    };
  }

  private end(): void {
    this.ended = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private async tell(): Promise<void> {
    let next = this.lease.renewMs;
    try {
      await this.directory.announce(await this.report());
    } catch {
      next = Math.min(next, RETRY_MS); // what is down is logged by the broker
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

/** What comes within `PATIENCE_MS`, else something instead. */
async function inTime<T>(result: Promise<T>, instead: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(instead), PATIENCE_MS);
  });
  try {
    return await Promise.race([result, late]);
  } catch {
    return instead;
  } finally {
    clearTimeout(timer);
  }
}

/** The figures of several instances in one. */
export function clusterOf(reports: readonly TenantReport[]): ClusterStats {
  return {
    connections: sum(reports, 'connections'),
    anonymous: sum(reports, 'anonymous'),
    users: distinct(reports, 'users'),
    channels: distinct(reports, 'topicNames'),
    subscriptions: sum(reports, 'subscriptions'),
    published: sum(reports, 'published'),
    delivered: sum(reports, 'delivered'),
    slowConsumersClosed: sum(reports, 'slowConsumersClosed'),
    // The instance that has lived longest: a sum of times would say nothing.
    uptimeMs: Math.max(...reports.map(({ stats }) => stats.uptimeMs)),
    instances: reports.length,
  };
}

function sum(reports: readonly TenantReport[], figure: keyof TenantReport['stats']): number {
  return reports.reduce((total, { stats }) => total + stats[figure], 0);
}

function distinct(reports: readonly TenantReport[], what: 'users' | 'topicNames'): number {
  return Distinct.merge(reports.map((report) => Distinct.parse(report[what]))).count;
}

/** The channels with most subscribers. An instance that reports as many as it may can have a few subscribers more of a channel that it did not report. */
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
