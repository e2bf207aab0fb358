import type { InstanceStats } from '../../protocol/index.js';
import type { TopicStats } from '../connections/connection-registry.js';
import {
  boolean,
  integer,
  list,
  timestamp,
  nullable,
  number,
  record,
  string,
  refine,
  type Schema,
} from '../schemas/schema.js';
import { tenantOf } from '../tenants/topic.js';
import type { InstanceReport, TenantReport, HealthReport } from './instance-report.js';

/** Maximum number of topics in a report. It is larger than today's number, so that reports of later versions are accepted. */
const MAX_TOPICS = 1_000;

/** A sketch of names (see `DistinctCounter`): 1,024 hashes of 6 bytes as base64. */
export const sketchSchema: Schema<string> = string({ max: 8_192 });

export const topicSchema: Schema<string> = refine(string({ min: 1, max: 1_024 }), 'a topic', isTopic);

const count = integer();

export const instanceStatsSchema: Schema<InstanceStats> = record<InstanceStats>({
  connections: count,
  anonymous: count,
  users: count,
  channels: count,
  subscriptions: count,
  published: count,
  delivered: count,
  slowConsumersClosed: count,
  uptimeMs: count,
});

const duration = number(0);

export const healthSchema: Schema<HealthReport> = record<HealthReport>({
  draining: boolean,
  deliveryMs: nullable(record<{ p50: number; p99: number }>({ p50: duration, p99: duration })),
  eventLoopDelayMs: duration,
  bufferedBytes: count,
  startedAt: timestamp,
  seenAt: timestamp,
});

const tenantFields = {
  stats: instanceStatsSchema,
  users: sketchSchema,
  topicNames: sketchSchema,
  topics: list(record<TopicStats>({ topic: topicSchema, subscribers: count }), MAX_TOPICS),
};

export const tenantReportSchema: Schema<TenantReport> = record<TenantReport>(tenantFields);

export const instanceReportSchema: Schema<InstanceReport> = record<InstanceReport>({
  ...tenantFields,
  health: healthSchema,
});

function isTopic(text: string): boolean {
  try {
    tenantOf(text);
    return true;
  } catch {
    return false; // the tenant is not percent-encoded UTF-8
  }
}
