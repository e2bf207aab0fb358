import type { RedisBroker } from './redis.broker.js';
import { TicketStore } from '../../auth/ticket-store.js';

/** Ticket store in Redis, for all instances. */
export class RedisTicketStore extends TicketStore {
  constructor(private readonly redis: RedisBroker) {
    super();
  }

  override async put(digest: string, holder: string, ttlMs: number): Promise<void> {
    await this.redis.command((client) => client.set(this.redis.keys.ticket(digest), holder, 'PX', ttlMs));
  }

  override take(digest: string): Promise<string | null> {
    const key = this.redis.keys.ticket(digest);
    return this.redis.commandOn(key, (client) => client.getdel(key));
  }

  override get(digest: string): Promise<string | null> {
    const key = this.redis.keys.ticket(digest);
    return this.redis.commandOn(key, (client) => client.get(key));
  }
}
