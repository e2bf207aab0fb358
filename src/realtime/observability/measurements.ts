import { reportFailure } from './run-safely.js';

/** Takes what is measured once for each event, batch or answer of a policy, never for each subscriber. */
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
   * A policy was called.
   * @param outcome one of the known outcomes
   */
  policyAnswered(pattern: string, outcome: string, seconds: number): void;
}

/** Passes what is measured on to each taker, `null` without any. A metrics SDK that throws is logged, and disturbs no event. */
export function measurementsFor(takers: ReadonlySet<Measurements>): Measurements | null {
  if (takers.size === 0) return null;
  const all = [...takers];
  const each = (record: (taker: Measurements) => void): void => {
    for (const taker of all) {
      try {
        record(taker);
      } catch (error) {
        reportFailure('A metric', error);
      }
    }
  };
  return {
    published: (...figures) => each((taker) => taker.published(...figures)),
    batch: (...figures) => each((taker) => taker.batch(...figures)),
    replayed: (...figures) => each((taker) => taker.replayed(...figures)),
    policyAnswered: (...figures) => each((taker) => taker.policyAnswered(...figures)),
  };
}
