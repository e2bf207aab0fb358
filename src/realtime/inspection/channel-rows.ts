import { TopK } from '../connections/top-k.js';
import { DistinctCounter } from '../instances/distinct-counter.js';
import { channelOf } from '../tenants/topic.js';
import { searcher, yielding } from './paging.js';

/** A topic with its subscribers on one instance. */
export interface ChannelRow {
  readonly topic: string;
  readonly subscribers: number;
}

/** Which topics, how many, and after which: they are in the order of their names. */
export interface ChannelQuery {
  /** Stands in the channel's name, whatever its case. */
  readonly search?: string;
  readonly most: number;
  readonly after?: string;
}

/** The first topics of an instance, and all that match as a sketch (see `Distinct`). */
export interface ChannelAnswer {
  readonly rows: readonly ChannelRow[];
  readonly names: string;
}

/** A topic with its subscribers on all instances, and on how many of these it has any. */
export interface ClusterChannelRow extends ChannelRow {
  readonly instances: number;
}

/** The first topics of one instance that match. */
export async function selectChannels(
  names: Iterable<string>,
  subscribersOf: (name: string) => number,
  { search, most, after }: ChannelQuery,
): Promise<ChannelAnswer> {
  const found = searcher(search);
  const first = new TopK<string>(Math.max(1, most), byName);
  const matching: string[] = [];
  for await (const name of yielding(names)) {
    if (!found([channelOf(name)])) continue;
    matching.push(name);
    if (after === undefined || name > after) first.add(name);
  }
  const rows = first.list().map((topic) => ({ topic, subscribers: subscribersOf(topic) }));
  return { rows: rows.slice(0, most), names: (await DistinctCounter.of(matching)).toString() };
}

/**
 * The first topics of all instances. Each gave its own first, so of a topic among the first of all none that has it
 * can have left it out.
 * @returns `total` exactly up to 1,024, beyond that to some 3 %
 */
export function mergeChannels(
  answers: readonly ChannelAnswer[],
  limit: number,
): { readonly rows: readonly ClusterChannelRow[]; readonly total: number; readonly end: string | null } {
  const merged = new Map<string, ClusterChannelRow>();
  for (const { topic, subscribers } of answers.flatMap(({ rows }) => rows)) {
    const before = merged.get(topic) ?? { topic, subscribers: 0, instances: 0 };
    merged.set(topic, {
      topic,
      subscribers: before.subscribers + subscribers,
      instances: before.instances + 1,
    });
  }
  const rows = [...merged.values()].toSorted((a, b) => byName(a.topic, b.topic));
  const total = DistinctCounter.merge(answers.map(({ names }) => DistinctCounter.parse(names))).count;
  return { rows: rows.slice(0, limit), total, end: rows.length > limit ? rows[limit - 1]!.topic : null };
}

function byName(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
