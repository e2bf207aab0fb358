import { DistinctCounter } from '../../cluster/instances/distinct-counter.js';
import { sketchSchema } from '../../cluster/instances/report-schemas.js';
import { TopK } from '../../connections/top-k.js';
import { integer, list, record, string, type Schema } from '../../schemas/schema.js';
import { channelOf } from '../../tenants/topic.js';
import { MAX_PAGE, searcher, yielding } from './paging.js';

/** Maximum number of rows of one answer: one more than a page shows that there is a next page. */
export const MAX_ROWS = MAX_PAGE + 1;

/** A page of topics, sorted by name. */
export interface TopicQuery {
  /** Part of the channel's name, case-insensitive. */
  readonly search?: string;
  readonly most: number;
  readonly after?: string;
}

/** The first matching topics of an instance. `names` is a sketch of all matching topics (see `DistinctCounter`). */
export interface TopicAnswer<Row extends TopicRow> {
  readonly rows: readonly Row[];
  readonly names: string;
}

export interface TopicRow {
  readonly topic: string;
}

/** A page of topics of all instances, and its end. */
export interface TopicPage<Row> {
  readonly rows: readonly Row[];
  /** Exact up to 1,024; above, the standard error is 3 %. */
  readonly total: number;
  readonly end: string | null;
}

const text = string({ max: 8_192 });

export const topicQuerySchema = record<TopicQuery>({ search: text, most: integer(0, MAX_ROWS), after: text }, [
  'search',
  'after',
]);

export function topicAnswerSchema<Row extends TopicRow>(row: Schema<Row>): Schema<TopicAnswer<Row>> {
  return record<TopicAnswer<Row>>({ rows: list(row, MAX_ROWS), names: sketchSchema });
}

/** Returns the first matching topics of one instance. A topic can be in the list several times. */
export async function selectTopics<Row extends TopicRow>(
  topics: Iterable<string>,
  rowOf: (topic: string) => Row,
  { search, most, after }: TopicQuery,
): Promise<TopicAnswer<Row>> {
  const found = searcher(search);
  const first = new TopK<string>(Math.max(1, most), byName);
  const matching: string[] = [];
  for await (const topic of yielding(topics)) {
    if (!found([channelOf(topic)])) continue;
    matching.push(topic);
    if (after === undefined || topic > after) first.add(topic);
  }
  return {
    rows: first.list().slice(0, most).map(rowOf),
    names: (await DistinctCounter.of(matching)).toString(),
  };
}

/**
 * Merges the pages of several instances. Each instance returned its own first topics, so none of them can have left out a
 * topic of the merged page.
 * @param merge adds up the rows of one topic
 */
export function mergeTopics<Row extends TopicRow, Merged extends TopicRow>(
  answers: readonly TopicAnswer<Row>[],
  limit: number,
  merge: (rows: readonly Row[]) => Merged,
): TopicPage<Merged> {
  const byTopic = new Map<string, Row[]>();
  for (const row of answers.flatMap(({ rows }) => rows)) {
    const known = byTopic.get(row.topic);
    if (known === undefined) byTopic.set(row.topic, [row]);
    else known.push(row);
  }
  const topics = [...byTopic.keys()].toSorted(byName);
  const rows = topics.slice(0, limit).map((topic) => merge(byTopic.get(topic)!));
  const total = DistinctCounter.merge(answers.map(({ names }) => DistinctCounter.parse(names))).count;
  return { rows, total, end: topics.length > limit ? topics[limit - 1]! : null };
}

function byName(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
