import type { Position, RecoveryReason } from '../../protocol/index.js';
import type { Feed, Subscription } from '../connections/subscription.js';
import { safely } from '../observability/run-safely.js';

/** Up to this number of connections are notified at once: few enough that their reloads cause no load peak. */
const AT_ONCE = 500;
/** Beyond it, time for each connection of this instance, and for all of them, in milliseconds. */
const PER_CONNECTION_MS = 2;
const MAX_SPREAD_MS = 10_000;
/** Subscriptions that are due within this time share a timer, in milliseconds. */
const STEP_MS = 50;

/** A subscription that lost continuity and is not notified yet: until then it gets no event. */
class PendingResync implements Feed {
  /** @param position where continuity was lost: a read from there says so again, if the subscription is paused meanwhile */
  constructor(readonly position: Position) {}

  push(): void {
    // The client reloads, and what it is given then is newer.
  }

  reset(): void {
    // It is notified in any case.
  }
}

/**
 * Spreads the notices of lost continuity: a restart of Redis concerns every client, and each of them reloads its state. The event
 * that follows is delivered after the notice, never before.
 */
export class ResyncSpread {
  /** @param send notifies one subscription; it is live when this returns */
  constructor(
    private readonly send: (subscription: Subscription, reason: RecoveryReason) => void,
    private readonly random: () => number = Math.random,
  ) {}

  /** @param from the position after which continuity was lost @param connections of this instance */
  start(subscriptions: readonly Subscription[], reason: RecoveryReason, from: Position, connections: number): void {
    if (connections <= AT_ONCE) {
      for (const subscription of subscriptions) this.send(subscription, reason);
      return;
    }
    const spreadMs = Math.min(MAX_SPREAD_MS, connections * PER_CONNECTION_MS);
    const due = new Map<number, Subscription[]>();
    const held = new PendingResync(from);
    for (const subscription of subscriptions) {
      subscription.feed = held;
      const step = Math.floor((this.random() * spreadMs) / STEP_MS);
      const others = due.get(step);
      if (others === undefined) due.set(step, [subscription]);
      else others.push(subscription);
    }
    for (const [step, group] of due) {
      setTimeout(
        safely('A notice of lost continuity', () => {
          for (const subscription of group) {
            // Otherwise it has left meanwhile, or resumed.
            if (subscription.feed === held) this.send(subscription, reason);
          }
        }),
        step * STEP_MS,
      ).unref();
    }
  }
}
