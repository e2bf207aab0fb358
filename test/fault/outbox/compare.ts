/** One change in the database, and its event. */
export interface Change {
  readonly channel: string;
  /** Increases by one per commit in each channel. */
  readonly n: number;
  /** Unique per attempt: a rolled-back attempt had another token. */
  readonly token: string;
}

/** A difference between the database and a subscriber. */
export interface Difference {
  readonly kind: 'lost' | 'never committed' | 'twice' | 'out of order';
  readonly change: Change;
}

/** Lists all differences between the committed changes and the events of one subscriber, in the order of receipt. */
export function compare(committed: readonly Change[], seen: readonly Change[]): Difference[] {
  const differences: Difference[] = [];
  const tokens = new Set(committed.map(({ token }) => token));
  const told = new Set<string>();
  const last = new Map<string, number>();
  for (const change of seen) {
    const { channel, n, token } = change;
    if (!tokens.has(token)) differences.push({ kind: 'never committed', change });
    else if (told.has(token)) differences.push({ kind: 'twice', change });
    else if (n <= (last.get(channel) ?? 0)) differences.push({ kind: 'out of order', change });
    told.add(token);
    last.set(channel, Math.max(n, last.get(channel) ?? 0));
  }
  const lost = committed.filter(({ token }) => !told.has(token));
  return [...differences, ...lost.map((change) => ({ kind: 'lost' as const, change }))];
}
