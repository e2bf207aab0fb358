import { STATE_ERRORS } from '../../../protocol/index.js';
import { topicSchema } from '../../cluster/instances/report-schemas.js';
import type { LastLoad, LoadReport } from '../../live/state-activity.js';
import { sumOutcomes, type OutcomeSums } from '../../observability/outcome-statistics.js';
import {
  integer,
  list,
  nullable,
  number,
  oneOf,
  record,
  string,
  timestamp,
  type Schema,
} from '../../schemas/schema.js';
import { outcomeFields } from './outcome-schema.js';
import { mergeTopics, topicAnswerSchema, type TopicAnswer, type TopicPage, type TopicRow } from './topic-pages.js';

/** A state in the memory of an instance. */
export interface KeptState {
  /** Size as JSON. */
  readonly bytes: number;
  readonly position: string;
  /** Time of its load, in milliseconds since 1970. */
  readonly loadedAt: number;
}

/** A channel with a state on one instance. */
export interface LiveRow extends TopicRow {
  readonly subscribers: number;
  readonly kept: KeptState | null;
  readonly lastLoad: LastLoad | null;
}

/** A channel with a state on all instances. */
export interface ClusterLiveRow extends TopicRow {
  readonly subscribers: number;
  /** Number of instances that have subscribers, or keep the state. */
  readonly instances: number;
  /** The newest state that an instance keeps. */
  readonly kept: KeptState | null;
  /** The last load of all instances. */
  readonly lastLoad: LastLoad | null;
}

/** A live resource on one instance: its loads, the states in memory, and those that were sent. */
export interface LiveResourceReport extends LoadReport {
  readonly states: number;
  readonly stateBytes: number;
  readonly sent: number;
  readonly sentBytes: number;
}

/** A live resource on all instances. */
export type LiveResourceRow = Omit<LiveResourceReport, keyof LoadReport> & { readonly pattern: string } & OutcomeSums;

/** The answer of one instance. */
export interface LiveAnswer {
  readonly resources: readonly LiveResourceReport[];
  readonly page: TopicAnswer<LiveRow>;
}

/** Upper bound for the live resources of an application. */
const MAX_RESOURCES = 10_000;
const count = integer();
const text = string({ max: 1_000 });

export const liveAnswerSchema: Schema<LiveAnswer> = record<LiveAnswer>({
  resources: list(
    record<LiveResourceReport>({
      ...{ pattern: text, states: count, stateBytes: count, sent: count, sentBytes: count },
      ...outcomeFields,
    }),
    MAX_RESOURCES,
  ),
  page: topicAnswerSchema(
    record<LiveRow>({
      topic: topicSchema,
      subscribers: count,
      kept: nullable(record<KeptState>({ bytes: count, position: text, loadedAt: timestamp })),
      lastLoad: nullable(
        record<LastLoad>({ at: timestamp, ms: number(0), outcome: oneOf(['loaded', ...STATE_ERRORS]) }),
      ),
    }),
  ),
});

/** Adds up the live resources of all instances, by pattern. */
export function mergeResources(answers: readonly LiveAnswer[]): LiveResourceRow[] {
  const byPattern = new Map<string, LiveResourceReport[]>();
  for (const report of answers.flatMap(({ resources }) => resources)) {
    byPattern.set(report.pattern, [...(byPattern.get(report.pattern) ?? []), report]);
  }
  const sum = (reports: readonly LiveResourceReport[], name: 'states' | 'stateBytes' | 'sent' | 'sentBytes'): number =>
    reports.reduce((total, report) => total + report[name], 0);
  return [...byPattern]
    .map(([pattern, reports]) => ({
      ...{ pattern, states: sum(reports, 'states'), stateBytes: sum(reports, 'stateBytes') },
      ...{ sent: sum(reports, 'sent'), sentBytes: sum(reports, 'sentBytes') },
      ...sumOutcomes(reports),
    }))
    .toSorted((a, b) => (a.pattern < b.pattern ? -1 : 1));
}

/** Merges the pages of several instances. */
export function mergeLive(answers: readonly LiveAnswer[], limit: number): TopicPage<ClusterLiveRow> {
  return mergeTopics(
    answers.map(({ page }) => page),
    limit,
    (rows) => ({
      topic: rows[0]!.topic,
      subscribers: rows.reduce((sum, { subscribers }) => sum + subscribers, 0),
      instances: rows.length,
      kept: latest(rows, ({ kept }) => kept, isNewer),
      lastLoad: latest(
        rows,
        ({ lastLoad }) => lastLoad,
        (a, b) => a.at > b.at,
      ),
    }),
  );
}

function latest<Row, Value>(
  rows: readonly Row[],
  valueOf: (row: Row) => Value | null,
  isLater: (a: Value, b: Value) => boolean,
): Value | null {
  let found: Value | null = null;
  for (const row of rows) {
    const value = valueOf(row);
    if (value !== null && (found === null || isLater(value, found))) found = value;
  }
  return found;
}

/** Positions of one load can be compared. */
function isNewer(a: KeptState, b: KeptState): boolean {
  if (a.loadedAt !== b.loadedAt) return a.loadedAt > b.loadedAt;
  return offsetOf(a) > offsetOf(b);
}

function offsetOf({ position }: KeptState): number {
  return Number(position.slice(position.indexOf('-') + 1));
}
