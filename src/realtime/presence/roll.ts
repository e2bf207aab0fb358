import type { PresenceMember } from '../../protocol/index.js';
import type { Present } from './presence-store.js';

/**
 * Members that one frame lists. With user ids as long as they may be, such a frame still fits into what may wait for a
 * connection (`maxBufferedBytes`); `count` counts all.
 */
export const MAX_LISTED = 2_000;

/** Who came and who went. */
export interface RollChange {
  readonly joined: readonly PresenceMember[];
  readonly left: readonly PresenceMember[];
}

/** Who is in a channel, as those who watch it were told. */
export class Roll {
  // user id → connections
  private members = new Map<string, number>();
  private anonymous = 0;

  /** Members, and connections without an identity. */
  get count(): number {
    return this.members.size + this.anonymous;
  }

  list(): PresenceMember[] {
    const listed: PresenceMember[] = [];
    for (const [userId, connections] of this.members) {
      if (listed.length === MAX_LISTED) break;
      listed.push({ userId, connections });
    }
    return listed;
  }

  /** @param mayLeave whether somebody who is not among those present is gone, or only not found at the moment */
  update({ members, anonymous }: Present, mayLeave: boolean): RollChange {
    const joined: PresenceMember[] = [];
    const left: PresenceMember[] = [];
    for (const [userId, connections] of members) {
      if (!this.members.has(userId)) joined.push({ userId, connections });
    }
    const next = new Map(members);
    for (const [userId, connections] of this.members) {
      if (members.has(userId)) continue;
      if (mayLeave) left.push({ userId, connections: 0 });
      else next.set(userId, connections);
    }
    this.members = next;
    this.anonymous = anonymous;
    return { joined, left };
  }
}
