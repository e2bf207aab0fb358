/** Outcome of sending one row. */
export type Outcome = 'sent' | 'set aside' | 'waits';

/**
 * Sends rows in order. Within a channel of a tenant each row waits for the one before it; if that one cannot be sent, no
 * later one is sent.
 * @param mayBegin returns false if no further row can be started; called before each row
 */
export function sendInOrder<R extends { readonly channel: string; readonly tenant: string | null }>(
  rows: readonly R[],
  send: (row: R) => Promise<Outcome>,
  mayBegin: () => boolean,
): Promise<Outcome[]> {
  const lanes = new Map<string, Promise<Outcome>>();
  return Promise.all(
    rows.map((row) => {
      const lane = `${row.channel} ${row.tenant}`;
      const before = lanes.get(lane) ?? Promise.resolve<Outcome>('sent');
      const outcome = before.then((last) => (last === 'waits' || !mayBegin() ? 'waits' : send(row)));
      lanes.set(lane, outcome);
      return outcome;
    }),
  );
}
