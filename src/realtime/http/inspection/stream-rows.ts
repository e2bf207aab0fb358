import { STREAM_STATES, type StreamState } from '../../../protocol/index.js';
import { topicSchema } from '../../cluster/instances/report-schemas.js';
import { integer, list, nullable, oneOf, record, string, timestamp, type Schema } from '../../schemas/schema.js';
import type { InstanceStream } from '../../streams/instance-stream.js';
import type { StreamReport } from '../../streams/stream-activity.js';
import { labelCountsSchema } from './outcome-schema.js';
import { mergeTopics, topicAnswerSchema, type TopicAnswer, type TopicPage, type TopicRow } from './topic-pages.js';

/** A stream on all instances. */
export interface ClusterStreamRow extends TopicRow {
  readonly state: StreamState;
  readonly length: number;
  /** `null` if no instance with readers knows it. */
  readonly start: number | null;
  readonly readers: number;
  /** The instance that writes it; `null` if none does. */
  readonly writer: { readonly instanceId: string; readonly openedAt: number; readonly writtenAt: number } | null;
}

/** Streams of one pattern on one instance. */
export interface StreamPatternReport extends StreamReport {
  readonly open: number;
  readonly readers: number;
}

/** The answer of one instance. */
export interface StreamsAnswer {
  readonly patterns: readonly StreamPatternReport[];
  readonly page: TopicAnswer<InstanceStream>;
}

/** Upper bound for the patterns of an application. */
const MAX_PATTERNS = 10_000;
const count = integer();

export const streamsAnswerSchema: Schema<StreamsAnswer> = record<StreamsAnswer>({
  patterns: list(
    record<StreamPatternReport>({
      ...{ pattern: string({ max: 1_000 }), open: count, readers: count, bytes: count },
      ended: labelCountsSchema,
    }),
    MAX_PATTERNS,
  ),
  page: topicAnswerSchema(
    record<InstanceStream>({
      ...{ topic: topicSchema, state: oneOf(STREAM_STATES), length: count, start: nullable(count), readers: count },
      writer: nullable(record<{ openedAt: number; writtenAt: number }>({ openedAt: timestamp, writtenAt: timestamp })),
    }),
  ),
});

/** Adds up the patterns of all instances. */
export function mergePatterns(answers: readonly StreamsAnswer[]): StreamPatternReport[] {
  const sums = new Map<string, StreamPatternReport>();
  for (const { pattern, open, readers, bytes, ended } of answers.flatMap(({ patterns }) => patterns)) {
    const sum = sums.get(pattern);
    sums.set(pattern, {
      ...{ pattern, open: open + (sum?.open ?? 0), readers: readers + (sum?.readers ?? 0) },
      bytes: bytes + (sum?.bytes ?? 0),
      ended: ended.map(({ label, count: more }) => {
        const known = sum?.ended.find((one) => one.label === label)?.count ?? 0;
        return { label, count: more + known };
      }),
    });
  }
  return [...sums.values()].toSorted((a, b) => (a.pattern < b.pattern ? -1 : 1));
}

/** Merges the pages of several instances, by the id of each. */
export function mergeStreams(answers: ReadonlyMap<string, StreamsAnswer>, limit: number): TopicPage<ClusterStreamRow> {
  const pages = [...answers].map(
    ([
      instanceId,
      {
        page: { rows, names },
      },
    ]) => ({
      names,
      rows: rows.map((row) => ({ ...row, instanceId })),
    }),
  );
  return mergeTopics(pages, limit, merged);
}

type LocatedStream = InstanceStream & { readonly instanceId: string };

/** The writer knows its stream best, then the instance that has received the most of it, or its end. */
function merged(rows: readonly LocatedStream[]): ClusterStreamRow {
  const [best] = rows.toSorted((a, b) => openedAt(b) - openedAt(a) || b.length - a.length || isOpen(a) - isOpen(b));
  const { topic, state, length, writer, instanceId } = best!;
  const starts = rows.map(({ start }) => start).filter((start) => start !== null);
  return {
    ...{ topic, state, length },
    start: starts.length === 0 ? null : Math.max(...starts),
    readers: rows.reduce((sum, { readers }) => sum + readers, 0),
    writer: writer === null ? null : { instanceId, ...writer },
  };
}

function openedAt({ writer }: LocatedStream): number {
  return writer?.openedAt ?? -Infinity;
}

function isOpen({ state }: LocatedStream): number {
  return state === 'open' || state === 'none' ? 1 : 0;
}
