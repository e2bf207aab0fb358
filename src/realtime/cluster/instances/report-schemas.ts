import type { InstanceStats } from '../../../protocol/index.js';
import type { TopicStats } from '../../connections/connection-registry.js';
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
} from '../../schemas/schema.js';
import { tenantOf } from '../../tenants/topic.js';
import { MAX_HOST } from './instance-health.js';
import type { HealthReport, InstanceReport, LabelCount, Sample, TenantReport } from './instance-report.js';

/** Maximum number of topics in a report. It is larger than today's number, so that reports of later versions are accepted. */
const MAX_TOPICS = 1_000;
/** Maximum number of close codes or error codes in a report. */
const MAX_LABELS = 200;
/** Maximum number of samples. It is larger than today's number, like {@link MAX_TOPICS}. */
const MAX_SAMPLES = 1_000;

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
const counts = list(record<LabelCount>({ label: string({ max: 64 }), count }), MAX_LABELS);

export const healthSchema: Schema<HealthReport> = record<HealthReport>({
  draining: boolean,
  deliveryMs: nullable(record<{ p50: number; p99: number }>({ p50: duration, p99: duration })),
  eventLoopDelayMs: duration,
  bufferedBytes: count,
  host: string({ max: MAX_HOST }),
  closed: counts,
  errors: counts,
  startedAt: timestamp,
  seenAt: timestamp,
});

export const samplesSchema: Schema<readonly Sample[]> = list(
  record<Sample>({
    ...{ at: timestamp, connections: count, published: count, delivered: count },
    deliveryP99Ms: nullable(duration),
  }),
  MAX_SAMPLES,
);

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
