import type { ServerFrame } from '../protocol/index.js';
import type { Presence } from './types.js';

/** Who is here after a frame; `null` while the list itself has not come. */
export function nowPresent(
  before: Presence | null,
  frame: Extract<ServerFrame, { type: 'presence' | 'presence_diff' }>,
): Presence | null {
  if (frame.type === 'presence') return { members: frame.members, count: frame.count };
  if (before === null) return null;
  // user id → member
  const members = new Map(before.members.map((member) => [member.userId, member]));
  let { count } = before;
  for (const member of frame.joined) {
    if (!members.has(member.userId)) count += 1;
    members.set(member.userId, member);
  }
  for (const { userId } of frame.left) {
    members.delete(userId);
    count -= 1;
  }
  return { members: [...members.values()], count };
}
