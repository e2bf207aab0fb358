import type { PresenceMember } from '../../protocol/index.js';
import { looksSame, type MemberData } from './member-data.js';
import { memberText, type ListedMember } from './presence-frames.js';
import type { Present } from './presence-store.js';

/**
 * Maximum number of members in one frame. Even with the longest user ids such a frame fits into the send buffer
 * (`maxBufferedBytes`). `count` counts all members.
 */
export const MAX_LISTED = 2_000;

/** Maximum size of a list of members with info and state, in bytes: half of the default of `maxBufferedBytes`. */
export const MAX_LIST_BYTES = 524_288;

/** Members that joined and left. */
export interface RosterChange {
  readonly joined: readonly ListedMember[];
  readonly left: readonly ListedMember[];
}

const NO_DATA: ReadonlyMap<string, MemberData> = new Map();

/** Members of a channel, as last sent to its watchers. */
export class Roster {
  // connections by user id
  private members = new Map<string, number>();
  private anonymous = 0;
  // info and state by user id
  private data = NO_DATA;
  /** Members whose data changed since it was sent to the watchers, in the order of the changes. */
  private readonly changed = new Set<string>();

  /** Number of members and of anonymous connections. */
  get count(): number {
    return this.members.size + this.anonymous;
  }

  /** True if watchers have to be sent changes of data. */
  get hasUpdates(): boolean {
    return this.changed.size > 0;
  }

  /** Returns the time of a member's state, in milliseconds since 1970; `-Infinity` without one. */
  stateAt(userId: string): number {
    return this.data.get(userId)?.state?.at ?? -Infinity;
  }

  /** Returns the first members, as many as fit into a frame. */
  list(): PresenceMember[] {
    return this.texts().map((text) => JSON.parse(text) as PresenceMember);
  }

  /** Returns the members of {@link list} as JSON. */
  texts(): string[] {
    const texts: string[] = [];
    let bytes = 0;
    for (const [userId, connections] of this.members) {
      const text = memberText(listedMember(userId, connections, this.data));
      bytes += Buffer.byteLength(text) + 1;
      if (texts.length === MAX_LISTED || bytes > MAX_LIST_BYTES) break;
      texts.push(text);
    }
    return texts;
  }

  /**
   * Replaces the members, and returns the difference.
   * @param mayLeave true if a missing member has left; false if it may be missing temporarily
   */
  update({ members, anonymous, data = NO_DATA }: Omit<Present, 'removed'>, mayLeave: boolean): RosterChange {
    const joined: ListedMember[] = [];
    const left: ListedMember[] = [];
    for (const [userId, connections] of members) {
      if (!this.members.has(userId)) joined.push(listedMember(userId, connections, data));
    }
    const next = new Map(members);
    const nextData = new Map(data);
    for (const [userId, connections] of this.members) {
      if (members.has(userId)) continue;
      if (mayLeave) left.push({ userId, connections: 0 });
      else {
        next.set(userId, connections);
        const kept = this.data.get(userId);
        if (kept !== undefined) nextData.set(userId, kept);
      }
    }
    for (const userId of new Set([...this.data.keys(), ...nextData.keys()])) {
      const isKnown = this.members.has(userId) && next.has(userId);
      if (isKnown && !looksSame(this.data.get(userId), nextData.get(userId))) this.changed.add(userId);
    }
    this.members = next;
    this.data = nextData;
    this.anonymous = anonymous;
    return { joined, left };
  }

  /** Returns members whose data changed, the longest waiting first, up to a size as JSON. The others wait. */
  takeUpdates(maxBytes: number): ListedMember[] {
    const updates: ListedMember[] = [];
    let bytes = 0;
    for (const userId of this.changed) {
      const connections = this.members.get(userId);
      if (connections !== undefined) {
        const member = listedMember(userId, connections, this.data);
        bytes += Buffer.byteLength(memberText(member)) + 1;
        if (bytes > maxBytes) break;
        updates.push(member);
      }
      this.changed.delete(userId);
    }
    return updates;
  }

  /** No watcher needs the changes of data. */
  skipUpdates(): void {
    this.changed.clear();
  }
}

function listedMember(userId: string, connections: number, all: ReadonlyMap<string, MemberData>): ListedMember {
  const data = all.get(userId);
  return data === undefined ? { userId, connections } : { userId, connections, data };
}
