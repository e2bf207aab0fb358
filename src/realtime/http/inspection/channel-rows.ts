import { topicSchema } from '../../cluster/instances/report-schemas.js';
import { integer, record } from '../../schemas/schema.js';
import {
  mergeTopics,
  selectTopics,
  topicAnswerSchema,
  type TopicAnswer,
  type TopicPage,
  type TopicQuery,
  type TopicRow,
} from './topic-pages.js';

/** A topic with its subscribers on one instance. */
export interface ChannelRow extends TopicRow {
  readonly subscribers: number;
}

/** A topic with its subscribers on all instances. `instances` is the number of instances that have any. */
export interface ClusterChannelRow extends ChannelRow {
  readonly instances: number;
}

export const channelsAnswerSchema = topicAnswerSchema(
  record<ChannelRow>({ topic: topicSchema, subscribers: integer() }),
);

/** Returns the first matching topics of one instance. */
export function selectChannels(
  topics: Iterable<string>,
  subscribersOf: (topic: string) => number,
  query: TopicQuery,
): Promise<TopicAnswer<ChannelRow>> {
  return selectTopics(topics, (topic) => ({ topic, subscribers: subscribersOf(topic) }), query);
}

/** Merges the pages of several instances. */
export function mergeChannels(
  answers: readonly TopicAnswer<ChannelRow>[],
  limit: number,
): TopicPage<ClusterChannelRow> {
  return mergeTopics(answers, limit, (rows) => ({
    topic: rows[0]!.topic,
    subscribers: rows.reduce((sum, { subscribers }) => sum + subscribers, 0),
    instances: rows.length,
  }));
}
