import type { ServerFrame } from '../protocol/frames.js';
import type { Presence } from './types.js';

/** Returns the members after a frame; `null` before the first list. */
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
