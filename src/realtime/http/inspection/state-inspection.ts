import { Injectable } from '@nestjs/common';
import { formatPosition } from '../../../protocol/index.js';
import { ChannelCatalogue } from '../../channels/channel-catalogue.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { LiveResources } from '../../live/live-resources.service.js';
import { Counters } from '../../observability/counters.js';
import type { InstanceStream } from '../../streams/instance-stream.js';
import { RealtimeStreams } from '../../streams/realtime-streams.service.js';
import { channelOf } from '../../tenants/topic.js';
import { ClusterQuery } from './cluster-query.js';
import {
  mergeLive,
  mergeResources,
  type ClusterLiveRow,
  type LiveAnswer,
  type LiveResourceRow,
  type LiveRow,
} from './live-rows.js';
import { yielding } from './paging.js';
import {
  mergePatterns,
  mergeStreams,
  type ClusterStreamRow,
  type StreamPatternReport,
  type StreamsAnswer,
} from './stream-rows.js';
import { selectTopics, type TopicPage, type TopicQuery } from './topic-pages.js';

/** Ids of the instances that did not answer in time: their data is missing. */
interface Unanswered {
  readonly unanswered: readonly string[];
}

/** Inspection of live resources and streams on all instances. */
@Injectable()
export class StateInspection {
  constructor(
    private readonly clusterQuery: ClusterQuery,
    private readonly registry: ConnectionRegistry,
    private readonly catalogue: ChannelCatalogue,
    private readonly resources: LiveResources,
    private readonly writtenStreams: RealtimeStreams,
    private readonly counters: Counters,
  ) {}

  /** Returns the live resources, and a page of their channels: those with subscribers, and those whose state is in memory. */
  async live(
    query: Omit<TopicQuery, 'most'>,
    limit: number,
  ): Promise<TopicPage<ClusterLiveRow> & Unanswered & { readonly resources: readonly LiveResourceRow[] }> {
    const { answers, unanswered } = await this.clusterQuery.ask('live', { ...query, most: limit + 1 });
    const all = [...answers.values()];
    return { resources: mergeResources(all), ...mergeLive(all, limit), unanswered: [...unanswered.keys()] };
  }

  /** Returns the patterns of streams, and a page of the streams that are written or have readers. */
  async streams(
    query: Omit<TopicQuery, 'most'>,
    limit: number,
  ): Promise<TopicPage<ClusterStreamRow> & Unanswered & { readonly patterns: readonly StreamPatternReport[] }> {
    const { answers, unanswered } = await this.clusterQuery.ask('streams', { ...query, most: limit + 1 });
    const patterns = mergePatterns([...answers.values()]);
    return { patterns, ...mergeStreams(answers, limit), unanswered: [...unanswered.keys()] };
  }

  /** Answers for this instance. */
  async liveHere(query: TopicQuery): Promise<LiveAnswer> {
    const kept = new Map<string, { states: number; stateBytes: number }>();
    for await (const [topic, { bytes }] of yielding(this.resources.states.cache.list())) {
      const pattern = this.resources.patternOf(channelOf(topic))!;
      const { states, stateBytes } = kept.get(pattern) ?? { states: 0, stateBytes: 0 };
      kept.set(pattern, { states: states + 1, stateBytes: stateBytes + bytes });
    }
    const { statesSent, stateBytesSent } = this.counters;
    return {
      resources: this.resources.activity.report().map(({ pattern, ...loads }) => ({
        ...{ pattern, ...loads, states: 0, stateBytes: 0, ...kept.get(pattern) },
        ...{ sent: statesSent.get(pattern), sentBytes: stateBytesSent.get(pattern) },
      })),
      page: await selectTopics(this.liveTopics(), (topic) => this.liveRow(topic), query),
    };
  }

  /** Answers for this instance. */
  async streamsHere(query: TopicQuery): Promise<StreamsAnswer> {
    const counts = new Map<string, { open: number; readers: number }>();
    const byTopic = new Map<string, InstanceStream>();
    for await (const stream of yielding(this.writtenStreams.here())) {
      byTopic.set(stream.topic, stream);
      const pattern = this.catalogue.patternOf(channelOf(stream.topic));
      const { open, readers } = counts.get(pattern) ?? { open: 0, readers: 0 };
      counts.set(pattern, { open: open + (stream.writer === null ? 0 : 1), readers: readers + stream.readers });
    }
    return {
      patterns: this.writtenStreams.activity
        .report()
        .map((report) => ({ ...report, open: 0, readers: 0, ...counts.get(report.pattern) })),
      page: await selectTopics(byTopic.keys(), (topic) => byTopic.get(topic)!, query),
    };
  }

  /** Topics with a state in memory, and then those that only have subscribers. */
  private *liveTopics(): Iterable<string> {
    const { cache } = this.resources.states;
    for (const [topic] of cache.list()) yield topic;
    for (const topic of this.registry.topics()) {
      if (cache.peek(topic) === null && this.resources.patternOf(channelOf(topic)) !== null) yield topic;
    }
  }

  private liveRow(topic: string): LiveRow {
    const { cache } = this.resources.states;
    const entry = cache.entry(topic);
    const { position, loadedAt } = entry?.state.snapshot ?? {};
    return {
      topic,
      subscribers: this.registry.subscribersOf(topic).size,
      kept: entry === null ? null : { bytes: entry.bytes, position: formatPosition(position!), loadedAt: loadedAt! },
      lastLoad: this.resources.activity.lastLoadOf(topic),
    };
  }
}
