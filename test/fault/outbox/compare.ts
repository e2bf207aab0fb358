/** One change in the database, and its event. */
export interface Change {
  readonly channel: string;
  /** Increases by one per commit in each channel. */
  readonly n: number;
  /** Unique per attempt: a rolled-back attempt had another token. */
  readonly token: string;
}

/** The subscriber was sent a resync, and read from the database that all changes up to `n` are committed. */
export interface Reload {
  readonly reloaded: string;
  readonly n: number;
}

/** A difference between the database and a subscriber. */
export interface Difference {
  readonly kind: 'lost' | 'never committed' | 'twice' | 'out of order';
  readonly change: Change;
}

/**
 * Lists all differences between the committed changes and what one subscriber received, in the order of receipt. A
 * change may be in a reload instead of an event, but not if a later event of its channel came before that reload: the
 * subscriber was not notified of the gap then.
 */
export function compare(committed: readonly Change[], received: readonly (Change | Reload)[]): Difference[] {
  const differences: Difference[] = [];
  const tokens = new Set(committed.map(({ token }) => token));
  const delivered = new Set<string>();
  const last = new Map<string, number>();
  /** Changes that the subscriber knows or was notified of, by `channel n`. */
  const covered = new Set<string>();
  for (const item of received) {
    if ('reloaded' in item) {
      for (let n = (last.get(item.reloaded) ?? 0) + 1; n <= item.n; n += 1) covered.add(`${item.reloaded} ${n}`);
      continue;
    }
    const { channel, n, token } = item;
    if (!tokens.has(token)) differences.push({ kind: 'never committed', change: item });
    else if (delivered.has(token)) differences.push({ kind: 'twice', change: item });
    else if (n <= (last.get(channel) ?? 0)) differences.push({ kind: 'out of order', change: item });
    delivered.add(token);
    last.set(channel, Math.max(n, last.get(channel) ?? 0));
  }
  const lost = committed.filter(({ channel, n, token }) => !delivered.has(token) && !covered.has(`${channel} ${n}`));
  return [...differences, ...lost.map((change) => ({ kind: 'lost' as const, change }))];
}
