import type { InstanceDto, SampleDto, StatsDto, StatsHistoryDto } from '../../realtime/http/operator-shapes.js';

/** Time that the charts show, in milliseconds. */
export const LOOK_BACK_MS = 300_000;
/** Interval between the samples that instances keep, in milliseconds. */
const SAMPLE_MS = 5_000;
/** Time for which a stopped instance stays in the list, in milliseconds. */
const GONE_SHOWN_MS = 300_000;

export type Condition = 'serving' | 'draining' | 'silent' | 'gone';

export interface KnownInstance extends InstanceDto {
  readonly condition: Condition;
  /** Time of its last response, by the clock of this page. */
  readonly at: number;
}

export const METRICS = ['connections', 'published', 'delivered', 'latency'] as const;
export type MetricName = (typeof METRICS)[number];

/** Metrics of one instance at one time; `null` if unknown. */
export type Sample = Readonly<Record<MetricName, number | null>>;

export interface Snapshot {
  readonly at: number;
  readonly all: Sample;
  readonly byInstance: ReadonlyMap<string, Sample>;
}

export interface History {
  readonly instances: readonly KnownInstance[];
  readonly snapshots: readonly Snapshot[];
}

export const EMPTY: History = { instances: [], snapshots: [] };

/** Adds a response to the history. @param at milliseconds since 1970 */
export function withStats(
  history: History,
  { instances, unanswered }: Pick<StatsDto, 'instances' | 'unanswered'>,
  at: number,
): History {
  const before = new Map(history.instances.map((one) => [one.instanceId, one]));
  const present = instances.map((one): KnownInstance => {
    const isSilent = unanswered.includes(one.instanceId);
    const condition = isSilent ? 'silent' : one.draining ? 'draining' : 'serving';
    return { ...one, condition, at: isSilent ? (before.get(one.instanceId)?.at ?? at) : at };
  });
  const ids = new Set(present.map(({ instanceId }) => instanceId));
  const gone = history.instances
    .filter((one) => !ids.has(one.instanceId) && at - one.at < GONE_SHOWN_MS)
    .map((one): KnownInstance => ({ ...one, condition: 'gone' }));
  const byInstance = new Map(
    present
      .filter(({ condition }) => condition !== 'silent')
      .map((one) => [one.instanceId, sampleOf(one, before.get(one.instanceId))]),
  );
  const snapshot = { at, all: combine([...byInstance.values()]), byInstance };
  const kept = history.snapshots.filter((one) => at - one.at <= LOOK_BACK_MS);
  return { instances: [...present, ...gone], snapshots: [...kept, snapshot] };
}

/** Inserts the samples that instances took before the first response. Requires at least one response. */
export function withPast(history: History, { instances }: Pick<StatsHistoryDto, 'instances'>): History {
  const [first] = history.snapshots;
  const answered = history.instances.find(({ condition }) => condition === 'serving' || condition === 'draining');
  if (first === undefined || answered === undefined) return history;
  const shift = answered.at - Date.parse(answered.seenAt); // the clock of this page can be wrong
  const byTime = new Map<number, Map<string, Sample>>();
  const firstOf = new Map(first.byInstance);
  for (const { instanceId, samples } of instances) {
    const known = history.instances.find((one) => one.instanceId === instanceId);
    const last = samples.findLast(({ at }) => known !== undefined && at < known.seenAt);
    // Rates need an earlier value. The first response has no earlier response, so its last sample is used.
    if (known !== undefined && last !== undefined && history.snapshots.length === 1) {
      firstOf.set(instanceId, pastSampleOf(asSample(known), last));
    }
    for (const [index, sample] of samples.entries()) {
      // Instances sample at the same times, up to the difference of their clocks.
      const at = Math.round(Date.parse(sample.at) / SAMPLE_MS) * SAMPLE_MS + shift;
      if (at >= first.at || first.at - at > LOOK_BACK_MS) continue;
      const before = byTime.get(at) ?? new Map<string, Sample>();
      byTime.set(at, before.set(instanceId, pastSampleOf(sample, samples[index - 1])));
    }
  }
  const past = [...byTime].toSorted(([a], [b]) => a - b);
  const snapshots = [...past, [first.at, firstOf] as const].map(([at, byInstance]) => ({
    ...{ at, byInstance, all: combine([...byInstance.values()]) },
  }));
  return { ...history, snapshots: [...snapshots, ...history.snapshots.slice(1)] };
}

function asSample({ seenAt, deliveryMs, ...counters }: KnownInstance): SampleDto {
  const { connections, eventsPublished, eventsDelivered } = counters;
  return { at: seenAt, connections, eventsPublished, eventsDelivered, deliveryP99Ms: deliveryMs?.p99 ?? null };
}

function pastSampleOf(now: SampleDto, before: SampleDto | undefined): Sample {
  const seconds = before === undefined ? 0 : (Date.parse(now.at) - Date.parse(before.at)) / 1_000;
  const rate = (name: 'eventsPublished' | 'eventsDelivered'): number | null =>
    seconds > 0 ? Math.max(0, now[name] - before![name]) / seconds : null;
  return {
    connections: now.connections,
    published: rate('eventsPublished'),
    delivered: rate('eventsDelivered'),
    latency: now.deliveryP99Ms,
  };
}

function sampleOf(now: KnownInstance, before: KnownInstance | undefined): Sample {
  const isSame = before?.startedAt === now.startedAt && before.condition !== 'gone';
  // Uses the clock of the instance, so that network latency does not distort rates.
  const seconds = isSame ? (Date.parse(now.seenAt) - Date.parse(before.seenAt)) / 1_000 : 0;
  const rate = (name: 'eventsPublished' | 'eventsDelivered'): number | null =>
    seconds > 0 ? Math.max(0, now[name] - before![name]) / seconds : null;
  return {
    connections: now.connections,
    published: rate('eventsPublished'),
    delivered: rate('eventsDelivered'),
    latency: now.deliveryMs?.p99 ?? null,
  };
}

/** Combines all instances: sums, and the highest latency. */
function combine(samples: readonly Sample[]): Sample {
  const known = (metric: MetricName): number[] => samples.flatMap((one) => one[metric] ?? []);
  const sum = (metric: MetricName): number | null =>
    known(metric).length === 0 ? null : known(metric).reduce((total, one) => total + one, 0);
  return {
    connections: sum('connections'),
    published: sum('published'),
    delivered: sum('delivered'),
    latency: known('latency').length === 0 ? null : Math.max(...known('latency')),
  };
}
