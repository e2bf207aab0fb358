import type { ClientRecord, RunLog } from '../log.js';
import type { HealthyTime } from './healthy-time.js';
import type { Violation } from './violations.js';

/** Name prefix of clients that never leave by themselves: they show when a channel is live. */
export const STAYING = 'stay';

export interface StarvationLimits {
  /**
   * After an event was acknowledged, every staying client must receive something of its channel within this time
   * without a fault, in milliseconds. @default 10000
   */
  readonly starvedAfterMs?: number;
}

/** A client that waits for an event of a channel. */
interface Wait {
  readonly client: string;
  readonly channel: string;
  /** The acknowledged event that the client waits for. */
  readonly key: string;
  /** Time at which the client received something, or the end of the log. */
  readonly to: number;
  readonly healthyMs: number;
}

/**
 * Checks every channel of every staying client, independently of its other channels. Reports one violation per silence.
 */
export function starved(
  log: RunLog,
  healthy: HealthyTime,
  { starvedAfterMs = 10_000 }: StarvationLimits = {},
): Violation[] {
  return waits(log, healthy)
    .filter(({ healthyMs }) => healthyMs > starvedAfterMs)
    .map(({ client, channel, key, healthyMs, to }) => ({
      class: 'starved',
      client,
      channel,
      detail: `nothing for ${Math.round(healthyMs)} ms without a fault after ${key} was acknowledged`,
      at: to,
    }));
}

/**
 * Returns the longest time that a staying client waited for an event of one channel, in milliseconds without a fault.
 */
export function longestSilenceMs(log: RunLog, healthy: HealthyTime): number {
  return Math.round(waits(log, healthy).reduce((most, { healthyMs }) => Math.max(most, healthyMs), 0));
}

function waits(log: RunLog, healthy: HealthyTime): Wait[] {
  const end = Math.max(log.emits.at(-1)?.settledAt ?? 0, log.seen.at(-1)?.at ?? 0);
  const found: Wait[] = [];
  for (const { client, channel, signs } of signsOfStaying(log.seen)) {
    let stretch = -1;
    for (const { id, key, channel: ofEmit, startedAt, settledAt } of log.emits) {
      if (id === undefined || ofEmit !== channel || startedAt < signs[0]!) continue;
      const to = signs[firstNotBefore(signs, startedAt)] ?? end;
      if (to === stretch) continue; // the client has waited since an earlier event
      stretch = to;
      found.push({ client, channel, key, to, healthyMs: healthy.between(settledAt, to) });
    }
  }
  return found;
}

function firstNotBefore(times: readonly number[], time: number): number {
  let [from, to] = [0, times.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (times[middle]! < time) from = middle + 1;
    else to = middle;
  }
  return from;
}

interface Signs {
  readonly client: string;
  readonly channel: string;
  /** Times at which the client received something of the channel, in order. */
  readonly signs: number[];
}

function signsOfStaying(seen: readonly ClientRecord[]): Iterable<Signs> {
  const found = new Map<string, Signs>();
  for (const { kind, client, channel, at } of seen) {
    if (!client.startsWith(STAYING) || (kind !== 'event' && kind !== 'resync' && kind !== 'subscribed')) continue;
    const name = `${client} ${channel}`;
    const entry = found.get(name);
    if (entry === undefined) found.set(name, { client, channel, signs: [at] });
    else entry.signs.push(at);
  }
  return found.values();
}
