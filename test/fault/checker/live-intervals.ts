import type { LiveRecord } from '../live/live-log.js';

type OfClient = Extract<LiveRecord, { readonly client: string }>;

/** One subscription of a client, from the answer until it left. */
export interface Interval {
  readonly client: string;
  readonly channel: string;
  readonly from: number;
  /** `Infinity` if it lasted until the end of the log. */
  to: number;
  /** Begins with `joined` or `reading`. */
  readonly records: OfClient[];
  /** The subscription of the same client before. */
  readonly before: Interval | null;
}

/** Returns the subscriptions of all clients that begin with this kind of record. */
export function intervalsOf(log: readonly LiveRecord[], kind: 'joined' | 'reading'): Interval[] {
  const found: Interval[] = [];
  const last = new Map<string, Interval>();
  for (const record of log) {
    if (!('client' in record)) continue;
    const { client, channel, at } = record;
    const name = `${client} ${channel}`;
    const open = last.get(name);
    if (record.kind === kind) {
      const begun: Interval = { client, channel, from: at, to: Infinity, records: [record], before: open ?? null };
      last.set(name, begun);
      found.push(begun);
    } else if (record.kind === 'gone') {
      if (open !== undefined) open.to = Math.min(open.to, at);
    } else if (open?.to === Infinity) open.records.push(record);
  }
  return found;
}

/** Returns the time of the last record. */
export function endOf(log: readonly LiveRecord[]): number {
  return log.at(-1)?.at ?? 0;
}
