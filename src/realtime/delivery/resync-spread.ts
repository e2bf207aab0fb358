import type { Position, RecoveryReason } from '../../protocol/index.js';
import type { Feed, Subscription } from '../connections/subscription.js';
import { safely } from '../observability/run-safely.js';

/** Up to this number of connections are notified at once: their reloads cause no load peak. */
const AT_ONCE = 500;
/** With more connections: time per connection of this instance, and maximum total time, in milliseconds. */
const PER_CONNECTION_MS = 2;
const MAX_SPREAD_MS = 10_000;
/** Notices that are due within this time share a timer, in milliseconds. */
const STEP_MS = 50;

/** The feed of a subscription that lost continuity and is not notified yet. It drops all events until then. */
class PendingResync implements Feed {
  /**
   * @param position position after which continuity was lost. If the subscription is paused meanwhile, a read from there reports
   * the loss again
   */
  constructor(readonly position: Position) {}

  push(): void {
    // Dropped: after the notice the client reloads newer state.
  }

  reset(): void {
    // Nothing to do: it will be notified anyway.
  }
}

/**
 * Spreads notices of lost continuity over time. A restart of Redis affects all clients, and each of them reloads its state. Later
 * events are delivered after the notice, never before.
 */
export class ResyncSpread {
  /** @param send notifies one subscription and makes it live before it returns */
  constructor(
    private readonly send: (subscription: Subscription, reason: RecoveryReason) => void,
    private readonly random: () => number = Math.random,
  ) {}

  /**
   * Notifies the subscriptions.
   * @param from position after which continuity was lost
   * @param connections number of connections of this instance
   */
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
            // Otherwise the subscription has ended or was paused or resumed meanwhile.
            if (subscription.feed === held) this.send(subscription, reason);
          }
        }),
        step * STEP_MS,
      ).unref();
    }
  }
}
