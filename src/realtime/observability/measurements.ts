/** Takes what is measured once for each event, batch or answer of a policy, never for each subscriber. It must not throw. */
export interface Measurements {
  /**
   * An `emit` came to its end.
   * @param error `null` when it was acknowledged, else its code
   */
  published(topic: string, seconds: number, error: string | null): void;
  /**
   * The events of one topic in one turn were written to its subscribers.
   * @param oldestAt when the first of them was emitted, in milliseconds since 1970
   */
  batch(topic: string, events: number, deliveries: number, oldestAt: number): void;
  /** Events were written to one subscriber that was catching up. */
  replayed(topic: string, events: number): void;
  /**
   * The policy of a pattern of channels was asked.
   * @param outcome what came of it, of a catalogue
   */
  policyAnswered(pattern: string, outcome: string, seconds: number): void;
}

/** Who takes what is measured: `null` where nobody wants it, and one alone without a detour. */
export function measurementsFor(takers: ReadonlySet<Measurements>): Measurements | null {
  const all = [...takers];
  if (all.length <= 1) return all[0] ?? null;
  return {
    published: (...figures) => all.forEach((taker) => taker.published(...figures)),
    batch: (...figures) => all.forEach((taker) => taker.batch(...figures)),
    replayed: (...figures) => all.forEach((taker) => taker.replayed(...figures)),
    policyAnswered: (...figures) => all.forEach((taker) => taker.policyAnswered(...figures)),
  };
}
