import type { MemberData } from '../../presence/member-data.js';
import { ANONYMOUS, PresenceStore, type Present } from '../../presence/presence-store.js';

const NO_DATA: ReadonlyMap<string, MemberData> = new Map();

/** Presence store of a single instance. */
export class MemoryPresenceStore extends PresenceStore {
  // connections by user id, by channel
  private readonly channels = new Map<string, Map<string, number>>();
  // info and state by user id, by channel
  private readonly data = new Map<string, Map<string, MemberData>>();

  override async write(
    channel: string,
    counts: ReadonlyMap<string, number | null>,
    data: ReadonlyMap<string, MemberData> = NO_DATA,
  ): Promise<void> {
    const here = this.channels.get(channel) ?? new Map<string, number>();
    for (const [userId, count] of counts) {
      if (count === null) here.delete(userId);
      else here.set(userId, count);
    }
    if (here.size === 0) this.channels.delete(channel);
    else this.channels.set(channel, here);
    this.writeData(channel, counts.keys(), data);
  }

  override async read(channel: string): Promise<Present> {
    const own = new Map(this.channels.get(channel));
    const members = new Map([...own].map(([userId, count]) => [userId, Math.max(1, count)]));
    members.delete(ANONYMOUS);
    const data = new Map(this.data.get(channel));
    return { members, anonymous: own.get(ANONYMOUS) ?? 0, own, data, ownData: data, removed: false };
  }

  override async keep(channel: string): Promise<boolean> {
    return this.channels.has(channel);
  }

  private writeData(channel: string, userIds: Iterable<string>, data: ReadonlyMap<string, MemberData>): void {
    const here = this.data.get(channel);
    if (here === undefined && data.size === 0) return;
    const next = here ?? new Map<string, MemberData>();
    for (const userId of userIds) {
      const entry = data.get(userId);
      if (entry === undefined) next.delete(userId);
      else next.set(userId, entry);
    }
    if (next.size === 0) this.data.delete(channel);
    else this.data.set(channel, next);
  }
}
