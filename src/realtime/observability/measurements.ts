import { reportFailure } from './run-safely.js';

/** Receiver of measurements. It is called once per event, batch or policy answer, never per subscriber. */
export interface Measurements {
  /**
   * An `emit` ended.
   * @param error `null` if it was acknowledged, otherwise the error code
   */
  published(topic: string, seconds: number, error: string | null): void;
  /**
   * The events of one topic in one turn were written to its subscribers.
   * @param oldestAt time of the oldest event, in milliseconds since 1970
   */
  batch(topic: string, events: number, deliveries: number, oldestAt: number): void;
  /** Events were replayed to one subscriber. */
  replayed(topic: string, events: number): void;
  /**
   * A policy was called.
   * @param outcome one of the known outcomes
   */
  policyAnswered(pattern: string, outcome: string, seconds: number): void;
  /**
   * A call of a command ended.
   * @param outcome `succeeded`, or the error code
   */
  called(command: string, outcome: string, seconds: number): void;
  /** A load of a state ended. @param pattern of the live resource */
  stateLoaded?(pattern: string, outcome: string, seconds: number): void;
  /** A request to cancel a stream ended. */
  streamCancelled?(outcome: string, seconds: number): void;
}

/**
 * Passes measurements on to all receivers; `null` without a receiver. An error of a metrics SDK is logged and does not
 * affect events.
 */
export function measurementsFor(receivers: ReadonlySet<Measurements>): Measurements | null {
  if (receivers.size === 0) return null;
  const all = [...receivers];
  const each = (record: (receiver: Measurements) => void): void => {
    for (const receiver of all) {
      try {
        record(receiver);
      } catch (error) {
        reportFailure('A metric', error);
      }
    }
  };
  return {
    published: (...values) => each((receiver) => receiver.published(...values)),
    batch: (...values) => each((receiver) => receiver.batch(...values)),
    replayed: (...values) => each((receiver) => receiver.replayed(...values)),
    policyAnswered: (...values) => each((receiver) => receiver.policyAnswered(...values)),
    called: (...values) => each((receiver) => receiver.called(...values)),
    stateLoaded: (...values) => each((receiver) => receiver.stateLoaded?.(...values)),
    streamCancelled: (...values) => each((receiver) => receiver.streamCancelled?.(...values)),
  };
}
