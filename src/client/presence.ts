import type { ServerFrame } from '../protocol/frames.js';
import type { Presence } from './types.js';

/** Who is here after a frame; `null` while the list itself has not come. */
export function nowPresent(
  before: Presence | null,
  frame: Extract<ServerFrame, { type: 'presence' | 'presence_diff' }>,
): Presence | null {
  if (frame.type === 'presence') return { members: frame.members, count: frame.count };
  if (!before) return null;
  const { joined, left } = frame;
  const changed = new Set([...joined, ...left].map(({ userId }) => userId));
  return {
    members: [...before.members.filter(({ userId }) => !changed.has(userId)), ...joined],
    count: before.count + joined.length - left.length,
  };
}
