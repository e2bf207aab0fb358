import type { PresenceMember } from '../../protocol/index.js';
import type { Present } from './presence-store.js';

/**
 * Members in one frame. With the longest user ids such a frame still fits into the send buffer (`maxBufferedBytes`);
 * `count` counts all members.
 */
export const MAX_LISTED = 2_000;

/** The members that joined and left. */
export interface RosterChange {
  readonly joined: readonly PresenceMember[];
  readonly left: readonly PresenceMember[];
}

/** The members of a channel, as its watchers know them. */
export class Roster {
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

  /** @param mayLeave true if a missing member has left; false if it may only be missing temporarily */
  update({ members, anonymous }: Present, mayLeave: boolean): RosterChange {
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
