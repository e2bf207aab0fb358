import { AsyncLocalStorage } from 'node:async_hooks';
import type { DeliveryHints } from '../schemas/delivery-hints.js';

/** An event that a call causes. */
export interface CausedEvent {
  readonly channel: string;
  readonly topic: string;
  /** Id of the call, if the event carries it. */
  readonly cause?: string;
  /** A connection that does not receive it, and a key by which a later event can replace it. */
  readonly hints?: DeliveryHints;
}

/** The position of a published event. */
export interface PublishedPosition {
  readonly id: string;
  /** True if nothing was sent. */
  readonly dropped?: true;
}

/** The call of a command that the running code handles. It collects the events that the code emits. */
export interface Cause {
  /** Id of the call, which events without a position carry. */
  readonly id: string;
  /** True when the handler has returned, or the outcome is decided. Code that outlives the call causes nothing in its name. */
  readonly isOver: boolean;
  /**
   * Adds an event. A second call for the same object has no effect: an event can be sent several times.
   * @param published resolves when the event has its position; it can reject, or never settle
   */
  emits(event: CausedEvent, published: Promise<PublishedPosition>): void;
  /** Adds an event whose position is not known before the call ends. It carries the id of the call. */
  stores(event: CausedEvent): void;
}

/** The cause of the running code, including everything that it awaits and calls. */
const current = new AsyncLocalStorage<Cause>();

/** Runs code for a call, and passes the call to it. */
export function causedBy<C extends Cause, T>(cause: C, run: (cause: C) => T): T {
  return current.run(cause, run, cause);
}

/** Returns the cause of the running code; `undefined` for code that outlives its call. */
export function currentCause(): Cause | undefined {
  const cause = current.getStore();
  return cause?.isOver === true ? undefined : cause;
}

/** Returns the cause in whose context the code runs, also if it is over. */
export function causeOfContext(): Cause | undefined {
  return current.getStore();
}
