import { ANONYMOUS, PresenceStore, type Present } from '../../presence/presence-store.js';

/** Presence store of a single instance. */
export class MemoryPresenceStore extends PresenceStore {
  // connections by user id, by channel
  private readonly channels = new Map<string, Map<string, number>>();

  override async write(channel: string, counts: ReadonlyMap<string, number | null>): Promise<void> {
    const here = this.channels.get(channel) ?? new Map<string, number>();
    for (const [userId, count] of counts) {
      if (count === null) here.delete(userId);
      else here.set(userId, count);
    }
    if (here.size === 0) this.channels.delete(channel);
    else this.channels.set(channel, here);
  }

  override async read(channel: string): Promise<Present> {
    const own = new Map(this.channels.get(channel));
    const members = new Map([...own].map(([userId, count]) => [userId, Math.max(1, count)]));
    members.delete(ANONYMOUS);
    return { members, anonymous: own.get(ANONYMOUS) ?? 0, own, removed: false };
  }

  override async keep(channel: string): Promise<boolean> {
    return this.channels.has(channel);
  }
}
