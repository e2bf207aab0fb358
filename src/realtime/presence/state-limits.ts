import { ProtocolError } from '../../protocol/index.js';
import type { Subscriber, Subscription } from '../connections/subscription.js';
import { TokenBucket } from '../timing/token-bucket.js';

/** Updates per second of one connection on average, over all channels. Twice as many are allowed at once. */
const UPDATES_PER_SECOND = 20;

/** Maximum number of channels in which a connection has a state: it bounds the memory of a connection at 16 KB. */
export const MAX_STATES = 16;

interface Usage {
  readonly bucket: TokenBucket;
  readonly subscriptions: Set<Subscription>;
}

/** Limits on the states that a connection sets. A connection without a state costs nothing. */
export class StateLimits {
  private readonly usages = new WeakMap<Subscriber, Usage>();

  /**
   * Counts an update.
   * @param isRemoval true if the state is removed
   * @param now milliseconds of a monotonic clock
   * @throws ProtocolError `rate_limited` or `too_many_subscriptions`
   */
  take(subscription: Subscription, isRemoval: boolean, now: number): void {
    const { connection, channel } = subscription;
    let usage = this.usages.get(connection);
    if (usage === undefined) {
      usage = { bucket: new TokenBucket(UPDATES_PER_SECOND, now), subscriptions: new Set() };
      this.usages.set(connection, usage);
    }
    if (!usage.bucket.take(now)) {
      throw new ProtocolError('rate_limited', { channel, message: 'Too many presence updates: wait for intervalMs' });
    }
    if (isRemoval) {
      usage.subscriptions.delete(subscription);
      return;
    }
    if (!usage.subscriptions.has(subscription) && usage.subscriptions.size >= MAX_STATES) {
      const message = `A connection can have a state in at most ${MAX_STATES} channels: remove another one first`;
      throw new ProtocolError('too_many_subscriptions', { channel, message });
    }
    usage.subscriptions.add(subscription);
  }

  /** The subscription ended. */
  release(subscription: Subscription): void {
    this.usages.get(subscription.connection)?.subscriptions.delete(subscription);
  }
}
