import type { Channel } from '../channels/channel-catalogue.js';
import { channelOf, tenantOf } from '../tenants/topic.js';
import type { ClusterLiveRow, LiveResourceRow } from './inspection/live-rows.js';
import type { ClusterStreamRow, StreamPatternReport } from './inspection/stream-rows.js';
import type { LiveChannelDto, LiveResourceDto, StreamDto, StreamPatternDto } from './operator-shapes.js';

export function liveResourceDto({ total, outcomes, ...row }: LiveResourceRow): LiveResourceDto {
  return { ...row, loads: total, outcomes: outcomes.map(({ label, count }) => ({ code: label, count })) };
}

export function liveChannelDto({ topic, kept, lastLoad, ...row }: ClusterLiveRow, pattern: string): LiveChannelDto {
  return {
    ...named(topic),
    ...{ pattern, ...row, bytes: kept?.bytes ?? null, position: kept?.position ?? null },
    loadedAt: kept === null ? null : iso(kept.loadedAt),
    lastLoad:
      lastLoad === null
        ? null
        : { at: iso(lastLoad.at), durationMs: Number(lastLoad.ms.toPrecision(3)), outcome: lastLoad.outcome },
  };
}

export function streamPatternDto({ ended, ...row }: StreamPatternReport): StreamPatternDto {
  return { ...row, ended: ended.map(({ label, count }) => ({ state: label, count })) };
}

/** @param channel `null` if the channel is not registered on this instance */
export function streamDto(
  { topic, start, length, writer, ...row }: ClusterStreamRow,
  channel: Channel | null,
): StreamDto {
  const isWhole = length <= (channel?.stream?.maxBytes ?? 0);
  return {
    ...named(topic),
    ...{ pattern: channel?.pattern ?? '', ...row, bytes: length, start: start ?? (isWhole ? 0 : null) },
    writer:
      writer === null
        ? null
        : { instanceId: writer.instanceId, openedAt: iso(writer.openedAt), writtenAt: iso(writer.writtenAt) },
  };
}

function named(topic: string): { readonly channel: string; readonly tenant?: string } {
  const tenant = tenantOf(topic);
  return { channel: channelOf(topic), ...(tenant !== null && { tenant }) };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
