import type { PresenceMember } from '../../protocol/index.js';
import type { Present } from './presence-store.js';

/**
 * Maximum number of members in one frame. Even with the longest user ids such a frame fits into the send buffer
 * (`maxBufferedBytes`). `count` counts all members.
 */
export const MAX_LISTED = 2_000;

/** Members that joined and left. */
export interface RosterChange {
  readonly joined: readonly PresenceMember[];
  readonly left: readonly PresenceMember[];
}

/** Members of a channel, as last sent to its watchers. */
export class Roster {
  // connections by user id
  private members = new Map<string, number>();
  private anonymous = 0;

  /** Number of members and of anonymous connections. */
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

  /**
   * Replaces the members, and returns the difference.
   * @param mayLeave true if a missing member has left; false if it may be missing temporarily
   */
  update({ members, anonymous }: Omit<Present, 'removed'>, mayLeave: boolean): RosterChange {
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
