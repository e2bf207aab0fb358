import type { Principal } from '../auth/principal.js';
import type { ClusterChannelRow } from './inspection/channel-rows.js';
import type { CommandRow } from './inspection/command-rows.js';
import type { LocatedConnection } from './inspection/inspection.service.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import type { InstanceReport, LabelCount, Sample } from '../cluster/instances/instance-report.js';
import type { ChannelDto, CommandDto, ConnectionDto, InstanceDto, OperatorDto, SampleDto } from './operator-shapes.js';

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

function codeCounts(counts: readonly LabelCount[]): InstanceDto['errorFrames'] {
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
    transport,
    connectedAt,
    subscriptions,
    bufferedBytes,
    sessionId,
    expiresAt,
    guest,
  } = row;
  return {
    ...{ id, instanceId, userId, role },
    ...(tenant !== null && { tenant }),
    ...{ address, transport },
    connectedAt: new Date(connectedAt).toISOString(),
    ...{ subscriptions, bufferedBytes, sessionId },
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    ...(guest !== undefined && { guest }),
  };
}

export function commandDto({ outcomes, ...row }: CommandRow): CommandDto {
  return { ...row, outcomes: codeCounts(outcomes) };
}

/** @param pattern label of the channel in metrics */
export function channelDto({ topic, subscribers, instances }: ClusterChannelRow, pattern: string): ChannelDto {
  const tenant = tenantOf(topic);
  return { channel: channelOf(topic), ...(tenant !== null && { tenant }), pattern, subscribers, instances };
}
