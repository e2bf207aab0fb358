import { percentile, type Rest, type Sample, type SoakResult } from './soak.js';

/** Limit of the healthy client's ping at p99, in milliseconds. */
const MAX_PING_P99_MS = 100;
/** Allowed growth from the first half of a run to the second, once all connections are open: noise of the collector. */
const MAX_RISE = 0.15;
/** Allowed growth of the heap after all clients have left, in bytes: caches of the runtime. */
const MAX_HEAP_LEFT = 12 * 1_048_576;

/** Returns the problems of a soak test. @param checksTime `false` for runs that are too short to check times and trends */
export function problemsOf(result: SoakResult, checksTime = true): string[] {
  const { before, after, samples, pings } = result;
  const problems: string[] = [];
  for (const what of ['connections', 'subscriptions', 'users'] as const) {
    if (after[what] !== 0) problems.push(`${after[what]} ${what} are left over`);
  }
  problems.push(
    ...more('resource', before.resources, after.resources),
    ...more('listener', before.listeners, after.listeners),
  );
  const left = after.heapUsed - before.heapUsed;
  if (left > MAX_HEAP_LEFT) problems.push(`${mb(left)} MB are left in the heap`);
  if (!checksTime) return problems;
  const p99 = percentile(pings, 0.99);
  if (!(p99 < MAX_PING_P99_MS)) problems.push(`the healthy client's ping took ${Math.round(p99)} ms at p99`);
  for (const what of ['rss', 'heapUsed'] as const) {
    const [first, second] = halves(samples, what);
    if (second > first * (1 + MAX_RISE)) problems.push(`${what} rose from ${mb(first)} to ${mb(second)} MB`);
  }
  return problems;
}

/** Returns the mean of each half of a run, without the first fifth, in which the connections open. */
export function halves(samples: readonly Sample[], what: 'rss' | 'heapUsed'): [first: number, second: number] {
  const steady = samples.slice(Math.floor(samples.length / 5)).map((sample) => sample[what]);
  const middle = Math.floor(steady.length / 2);
  return [mean(steady.slice(0, middle)), mean(steady.slice(middle))];
}

function more(kind: string, before: Rest['resources'], after: Rest['resources']): string[] {
  return Object.entries(after)
    .filter(([name, count]) => count > (before[name] ?? 0))
    .map(([name, count]) => `${kind} ${name}: ${before[name] ?? 0} before, ${count} after`);
}

export const mb = (bytes: number): number => Math.round(bytes / 1_048_576);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
