import type { Stats } from '../../../protocol/index.js';
import {
  mostSubscribersFirst,
  type ConnectionRegistry,
  type TopicStats,
} from '../../connections/connection-registry.js';
import { TopK } from '../../connections/top-k.js';
import type { Counters } from '../../observability/counters.js';
import { topicOf } from '../../tenants/topic.js';
import { DistinctCounter } from './distinct-counter.js';
import type { TenantReport } from './instance-report.js';

/** Port that aggregates the statistics of one tenant across instances. */
export abstract class TenantStats {
  /** Returns the tenant's connections, users and channels, and the counters of its events. */
  abstract of(tenant: string): Promise<Stats>;
}

/** Number of subscriptions after which counting yields to the event loop. */
const STRIDE = 5_000;

/** Returns this instance's statistics of one tenant. Only the tenant's channels count, not global ones. */
export async function reportOf(
  tenant: string,
  registry: ConnectionRegistry,
  { byTenant, startedAt }: Counters,
  mostTopics: number,
): Promise<TenantReport> {
  const { connections } = registry.ofTenant(tenant);
  const beginning = topicOf(tenant, '');
  const users = new Set<string>();
  const topics = new Map<string, number>();
  let subscriptions = 0;
  let seen = 0;
  for (const { principal, subscriptions: own } of [...connections]) {
    if (principal?.homeTenant === tenant && principal.guest === undefined) users.add(principal.userKey);
    for (const { topic } of own.values()) {
      if (!topic.startsWith(beginning)) continue;

      topics.set(topic, (topics.get(topic) ?? 0) + 1);
      subscriptions += 1;
    }
    seen += 1 + own.size;
    if (seen < STRIDE) continue;
    seen = 0;
    await new Promise((resolve) => void setImmediate(resolve));
  }
  const busiest = new TopK<TopicStats>(mostTopics, mostSubscribersFirst);
  for (const [topic, subscribers] of topics) busiest.add({ topic, subscribers });
  return {
    stats: {
      connections: connections.size,
      anonymous: 0, // clients without a token have no tenant
      users: users.size,
      channels: topics.size,
      subscriptions,
      ...byTenant.of(tenant),
      uptimeMs: Math.round(performance.now() - startedAt),
    },
    users: (await DistinctCounter.of(users)).toString(),
    topicNames: (await DistinctCounter.of(topics.keys())).toString(),
    topics: busiest.list(),
  };
}
