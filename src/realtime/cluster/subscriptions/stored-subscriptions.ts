import { Injectable } from '@nestjs/common';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { SubscriptionStore } from './subscription-store.js';

/** Maximum number of channels to which the application can subscribe one user. */
export const MAX_CHANNELS_OF_USER = 100;

/** Interval in which an instance renews the channels of its connected users, in milliseconds. */
export const RENEW_MS = 3_600_000;
/** At least 24 h after the last connection of the user has ended, because it can end directly before a renewal. */
const KEPT_MS = 24 * 3_600_000 + RENEW_MS;

/** The user has as many channels as the application can subscribe it to. The message says what to do. */
export class SubscriptionsFullError extends Error {
  override readonly name = 'SubscriptionsFullError';

  constructor(channel: string) {
    super(
      `The user was not subscribed to ${channel}: it has ${MAX_CHANNELS_OF_USER} subscriptions by the server. Call unsubscribe for channels that it no longer needs, or give a channel definition \`autoSubscribe\``,
    );
  }
}

/** The channels to which the application subscribed its users, authenticated with `clusterKeys` if there are any. */
@Injectable()
export class StoredSubscriptions {
  constructor(
    private readonly store: SubscriptionStore,
    private readonly seal: ClusterSeal,
    private readonly foreign: ForeignData,
  ) {}

  /** @throws SubscriptionsFullError @throws RealtimeUnavailableError */
  async add(userKey: string, channel: string): Promise<void> {
    const entry = this.seal.seal(purposeOf(userKey), channel);
    const isStored = await this.store.add(userKey, channel, entry, MAX_CHANNELS_OF_USER, KEPT_MS);
    if (!isStored) throw new SubscriptionsFullError(channel);
  }

  /** @throws RealtimeUnavailableError */
  remove(userKey: string, channel: string): Promise<void> {
    return this.store.remove(userKey, channel);
  }

  /**
   * Returns the channels of a user, and keeps them for another 24 hours. An entry that no instance wrote is skipped.
   * @throws RealtimeUnavailableError
   */
  async of(userKey: string): Promise<string[]> {
    const channels: string[] = [];
    for (const [channel, entry] of await this.store.all(userKey, KEPT_MS)) {
      try {
        if (this.seal.open(purposeOf(userKey), entry) !== channel) throw new Error('its channel is another one');
        channels.push(channel);
      } catch (error) {
        this.foreign.skipped('A subscription in the store', error);
      }
    }
    return channels.slice(0, MAX_CHANNELS_OF_USER);
  }

  /** Returns false only if no user has a channel. @throws RealtimeUnavailableError */
  isUsed(): Promise<boolean> {
    return this.store.isUsed();
  }
}

/** Binds an entry to its user: for another user it does not verify. */
function purposeOf(userKey: string): string {
  return `subscription ${userKey}`;
}
