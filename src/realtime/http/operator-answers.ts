import type { ConnectionDetails } from '../inspection/connection-rows.js';
import type { ClusterChannelRow } from '../inspection/channel-rows.js';
import type { PlacedConnection } from '../inspection/inspection.service.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import type { InstanceReport, VitalsReport } from '../instances/instance-directory.js';

/** One page of a list. */
export type Paged<Name extends string, Row> = { readonly [N in Name]: readonly Row[] } & {
  /** How many match in all. */
  readonly total: number;
  /** The `cursor` of the next page; `null` on the last one. */
  readonly next: string | null;
  /** Instances that did not answer in time: what they have is missing. */
  readonly unanswered: readonly string[];
};

/** One instance. Sums count from its start; moments are ISO 8601. */
export interface InstanceAnswer {
  readonly instanceId: string;
  readonly draining: boolean;
  readonly connections: number;
  readonly users: number;
  readonly subscriptions: number;
  readonly channels: number;
  readonly eventsPublished: number;
  readonly eventsDelivered: number;
  readonly deliveryMs: VitalsReport['deliveryMs'];
  readonly eventLoopDelayMs: number;
  readonly bufferedBytes: number;
  readonly startedAt: string;
  readonly seenAt: string;
}

export interface ConnectionAnswer {
  readonly id: string;
  readonly instanceId: string;
  readonly userId: string | null;
  readonly role: string | null;
  /** With the option `tenants`: in which one it is. */
  readonly tenant?: string;
  readonly address: string;
  readonly connectedAt: string;
  readonly subscriptions: number;
  readonly bufferedBytes: number;
  readonly sessionId: string | null;
  readonly expiresAt: string | null;
}

export interface ConnectionDetailsAnswer extends ConnectionAnswer {
  readonly channels: ConnectionDetails['channels'];
  readonly userAgent?: string;
}

export interface ChannelAnswer {
  readonly channel: string;
  /** With the option `tenants`: whose channel it is; absent for a global one. */
  readonly tenant?: string;
  readonly pattern: string;
  readonly subscribers: number;
  readonly instances: number;
}

export function instanceAnswer(instanceId: string, { stats, vitals }: InstanceReport): InstanceAnswer {
  const { startedAt, seenAt, ...figures } = vitals;
  const { connections, users, subscriptions, channels, published, delivered } = stats;
  return {
    instanceId,
    ...figures,
    ...{ connections, users, subscriptions, channels },
    eventsPublished: published,
    eventsDelivered: delivered,
    startedAt: new Date(startedAt).toISOString(),
    seenAt: new Date(seenAt).toISOString(),
  };
}

export function connectionAnswer(row: PlacedConnection): ConnectionAnswer {
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

/** @param pattern under which the figures of a channel are told */
export function channelAnswer({ topic, subscribers, instances }: ClusterChannelRow, pattern: string): ChannelAnswer {
  const tenant = tenantOf(topic);
  return { channel: channelOf(topic), ...(tenant !== null && { tenant }), pattern, subscribers, instances };
}
