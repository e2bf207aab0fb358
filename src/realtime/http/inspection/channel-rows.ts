import { TopK } from '../../connections/top-k.js';
import { DistinctCounter } from '../../cluster/instances/distinct-counter.js';
import { channelOf } from '../../tenants/topic.js';
import { searcher, yielding } from './paging.js';

/** A topic with its subscribers on one instance. */
export interface ChannelRow {
  readonly topic: string;
  readonly subscribers: number;
}

/** A page of topics, sorted by name. */
export interface ChannelQuery {
  /** Part of the channel's name, case-insensitive. */
  readonly search?: string;
  readonly most: number;
  readonly after?: string;
}

/** The first matching topics of an instance. `names` is a sketch of all matching topics (see `DistinctCounter`). */
export interface ChannelAnswer {
  readonly rows: readonly ChannelRow[];
  readonly names: string;
}

/** A topic with its subscribers on all instances. `instances` is the number of instances that have any. */
export interface ClusterChannelRow extends ChannelRow {
  readonly instances: number;
}

/** Returns the first matching topics of one instance. */
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
 * Merges the pages of several instances. Each instance returned its own first topics, so none of them can have left out a
 * topic of the merged page.
 * @returns `total` is exact up to 1,024; above, the standard error is 3 %
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
