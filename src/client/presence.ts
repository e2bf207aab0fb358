import type { ServerFrame } from '../protocol/frames.js';
import type { Presence } from './types.js';

/** Returns the members after a frame; `null` before the first list. A member whose data changed keeps its place. */
export function nowPresent(
  before: Presence | null,
  frame: Extract<ServerFrame, { type: 'presence' | 'presence_diff' }>,
): Presence | null {
  if ('members' in frame) return { members: frame.members, count: frame.count };
  if (!before) return null;
  const { joined, left, updated = [] } = frame;
  const members = new Map([...before.members, ...joined, ...updated].map((member) => [member.userId, member]));
  for (const member of left) members.delete(member.userId);
  return { members: [...members.values()], count: before.count + joined.length - left.length };
}
