import { SubscriptionStore } from '../../cluster/subscriptions/subscription-store.js';

interface Entries {
  readonly byChannel: Map<string, string>;
  endsAt: number;
}

/** Subscription store of a single instance. */
export class MemorySubscriptionStore extends SubscriptionStore {
  // user key → entries, those that were used last at the end
  private readonly users = new Map<string, Entries>();

  /** @param now monotonic clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {
    super();
  }

  override async add(
    userKey: string,
    channel: string,
    entry: string,
    capacity: number,
    ttlMs: number,
  ): Promise<boolean> {
    const { byChannel } = this.use(userKey, ttlMs) ?? this.create(userKey, ttlMs);
    if (!byChannel.has(channel) && byChannel.size >= capacity) return false;
    byChannel.set(channel, entry);
    return true;
  }

  override async remove(userKey: string, channel: string): Promise<void> {
    const entries = this.users.get(userKey);
    entries?.byChannel.delete(channel);
    if (entries?.byChannel.size === 0) this.users.delete(userKey);
  }

  override async all(userKey: string, ttlMs: number): Promise<ReadonlyMap<string, string>> {
    return new Map(this.use(userKey, ttlMs)?.byChannel);
  }

  override async isUsed(): Promise<boolean> {
    this.forgetExpired();
    return this.users.size > 0;
  }

  private create(userKey: string, ttlMs: number): Entries {
    const created = { byChannel: new Map<string, string>(), endsAt: this.now() + ttlMs };
    this.users.set(userKey, created);
    return created;
  }

  private use(userKey: string, ttlMs: number): Entries | undefined {
    this.forgetExpired();
    const entries = this.users.get(userKey);
    this.users.delete(userKey);
    if (entries === undefined || entries.endsAt <= this.now()) return undefined;
    entries.endsAt = this.now() + ttlMs;
    this.users.set(userKey, entries);
    return entries;
  }

  /** Instances use one TTL, so the order of uses is the order of ends. */
  private forgetExpired(): void {
    for (const [userKey, { endsAt }] of this.users) {
      if (endsAt > this.now()) return;
      this.users.delete(userKey);
    }
  }
}
