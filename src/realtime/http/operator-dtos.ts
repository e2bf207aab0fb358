import type { Principal } from '../auth/principal.js';
import type { ConnectionDetails } from '../inspection/connection-rows.js';
import type { ClusterChannelRow } from '../inspection/channel-rows.js';
import type { LocatedConnection } from '../inspection/inspection.service.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import type { InstanceReport, HealthReport, LabelCount, Sample } from '../instances/instance-report.js';

/** One page of a list. */
export type Paged<Name extends string, Row> = { readonly [N in Name]: readonly Row[] } & {
  /** Total number of matches. */
  readonly total: number;
  /** The `cursor` of the next page; `null` on the last one. */
  readonly next: string | null;
  /** Instances that did not answer in time; their data is missing. */
  readonly unanswered: readonly string[];
};

/** Number of closed connections by close code, or of `error` frames by code. */
export interface CodeCount {
  readonly code: string;
  readonly count: number;
}

/** One instance. Counters start at zero when the instance starts; times are ISO 8601. */
export interface InstanceDto {
  readonly instanceId: string;
  readonly draining: boolean;
  readonly connections: number;
  readonly users: number;
  readonly subscriptions: number;
  readonly channels: number;
  readonly eventsPublished: number;
  readonly eventsDelivered: number;
  readonly deliveryMs: HealthReport['deliveryMs'];
  readonly eventLoopDelayMs: number;
  readonly bufferedBytes: number;
  readonly host: string;
  readonly slowConsumersClosed: number;
  readonly closedConnections: readonly CodeCount[];
  readonly errorFrames: readonly CodeCount[];
  readonly startedAt: string;
  readonly seenAt: string;
}

/** Metrics of an instance at one time, for charts. Counters start at zero when the instance starts. */
export interface SampleDto {
  readonly at: string;
  readonly connections: number;
  readonly eventsPublished: number;
  readonly eventsDelivered: number;
  readonly deliveryP99Ms: number | null;
}

/** The operator who asks, and the instance that answers. */
export interface OperatorDto {
  readonly userId: string;
  readonly email: string | null;
  readonly role: string;
  readonly expiresAt: string | null;
  readonly instanceId: string;
  readonly host: string;
}

export interface ConnectionDto {
  readonly id: string;
  readonly instanceId: string;
  readonly userId: string | null;
  readonly role: string | null;
  /** Tenant of the connection; absent without the option `tenants`. */
  readonly tenant?: string;
  readonly address: string;
  readonly connectedAt: string;
  readonly subscriptions: number;
  readonly bufferedBytes: number;
  readonly sessionId: string | null;
  readonly expiresAt: string | null;
}

export interface ConnectionDetailsDto extends ConnectionDto {
  readonly channels: ConnectionDetails['channels'];
  readonly userAgent?: string;
}

export interface ChannelDto {
  readonly channel: string;
  /** Tenant of the channel; absent without the option `tenants`, and for a global channel. */
  readonly tenant?: string;
  readonly pattern: string;
  readonly subscribers: number;
  readonly instances: number;
}

export function instanceDto(instanceId: string, { stats, health }: InstanceReport): InstanceDto {
  const { startedAt, seenAt, closed, errors, ...metrics } = health;
  const { connections, users, subscriptions, channels, published, delivered, slowConsumersClosed } = stats;
  return {
    instanceId,
    ...metrics,
    ...{ connections, users, subscriptions, channels },
    eventsPublished: published,
    eventsDelivered: delivered,
    slowConsumersClosed,
    closedConnections: codeCounts(closed),
    errorFrames: codeCounts(errors),
    startedAt: new Date(startedAt).toISOString(),
    seenAt: new Date(seenAt).toISOString(),
  };
}

function codeCounts(counts: readonly LabelCount[]): CodeCount[] {
  return counts.map(({ label, count }) => ({ code: label, count }));
}

export function sampleDto({ at, published, delivered, connections, deliveryP99Ms }: Sample): SampleDto {
  const counters = { connections, eventsPublished: published, eventsDelivered: delivered, deliveryP99Ms };
  return { at: new Date(at).toISOString(), ...counters };
}

export function operatorDto({ user, expiresAt }: Principal, instanceId: string, host: string): OperatorDto {
  const { userId, email, role } = user;
  return { userId, email, role, expiresAt: expiryOf(expiresAt), instanceId, host };
}

function expiryOf(expiresAt: number): string | null {
  return expiresAt === Infinity ? null : new Date(expiresAt).toISOString();
}

export function connectionDto(row: LocatedConnection): ConnectionDto {
  const {
    id,
    instanceId,
    userId,
    role,
    tenant,
    address,
    connectedAt,
    subscriptions,
    bufferedBytes,
    sessionId,
    expiresAt,
  } = row;
  return {
    ...{ id, instanceId, userId, role },
    ...(tenant !== null && { tenant }),
    address,
    connectedAt: new Date(connectedAt).toISOString(),
    ...{ subscriptions, bufferedBytes, sessionId },
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
  };
}

/** @param pattern label of the channel in metrics */
export function channelDto({ topic, subscribers, instances }: ClusterChannelRow, pattern: string): ChannelDto {
  const tenant = tenantOf(topic);
  return { channel: channelOf(topic), ...(tenant !== null && { tenant }), pattern, subscribers, instances };
}
