/** One change of the database, and the event that tells of it. */
export interface Change {
  readonly channel: string;
  /** Counts up by one in each channel, over all that was committed. */
  readonly n: number;
  /** Of this very attempt: one that was rolled back had another. */
  readonly token: string;
}

/** What is wrong between the database and a subscriber. */
export interface Difference {
  readonly kind: 'lost' | 'never committed' | 'twice' | 'out of order';
  readonly change: Change;
}

/** Every difference between what was committed and what one subscriber saw, in the order in which it saw it. */
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
