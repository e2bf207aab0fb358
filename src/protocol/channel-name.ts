/**
 * The grammar of channel names: `group:name`, `user:{userId}`, and the wildcard `group:*` of a request.
 * Names are compared exactly and never normalised.
 */

/** The longest channel name, in bytes (names are ASCII, so also in characters). */
export const MAX_CHANNEL_BYTES = 200;

/** The group whose second segment is a user's id, percent-encoded. */
export const USER_GROUP = 'user';

const NAME = /^(user:[\w.@%-]+|[\w.@-]+(:[\w.@-]+)*)$/;
const OF_A_USER = /^user:[A-Za-z0-9_.@%-]+$/;
const WILDCARD = /^[A-Za-z0-9_.@-]+(?::[A-Za-z0-9_.@-]+)*:\*$/;

/** What is wrong with the form of a channel name, as a sentence for whoever wrote it; `null` when nothing is. */
export function channelNameProblem(name: string): string | null {
  if (name === '') return 'must not be empty';
  if (name.length > MAX_CHANNEL_BYTES) return `must be at most ${MAX_CHANNEL_BYTES} bytes`;
  if (isChannelName(name)) return null;
  return 'must be segments of A-Z a-z 0-9 _ . - @ split by ":"';
}

/** Whether the form of the name is good. */
export function isChannelName(name: string): boolean {
  return name.length <= MAX_CHANNEL_BYTES && NAME.test(name);
}

/** Whether the text asks for every channel of a group, as `apps:*` does. */
export function isWildcard(name: string): boolean {
  return name.length <= MAX_CHANNEL_BYTES && WILDCARD.test(name);
}

/** `apps:*` → `apps:`, the beginning of every name that the wildcard stands for. */
export function wildcardPrefix(wildcard: string): string {
  return wildcard.slice(0, -1);
}

/**
 * The private channel of a user: `user:` and the id, its UTF-8 bytes outside `A-Z a-z 0-9 _ . - @` percent-encoded
 * with upper-case hex.
 * @returns `null` when the id is empty, not well-formed Unicode, or its channel would be over {@link MAX_CHANNEL_BYTES}.
 */
export function userChannel(userId: string): string | null {
  if (userId === '') return null;
  let encoded: string;
  try {
    encoded = encodeURIComponent(userId);
  } catch {
    return null; // a lone surrogate has no UTF-8
  }
  const name = `${USER_GROUP}:${encoded.replace(/[!~*'()]/g, percent).replace(/%40/g, '@')}`;
  return name.length > MAX_CHANNEL_BYTES ? null : name;
}

/** The user whose private channel this is; `null` for any other name and for every encoding but the canonical one. */
export function userOfChannel(channel: string): string | null {
  if (!OF_A_USER.test(channel)) return null;
  try {
    const userId = decodeURIComponent(channel.slice(USER_GROUP.length + 1));
    return userChannel(userId) === channel ? userId : null;
  } catch {
    return null;
  }
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * Matches a name against a pattern: a segment is literal, `{param}` takes one segment, and a last `*` takes one or more.
 * @returns the parameters by name, or `null` when the name does not match.
 */
export function matchPattern(pattern: string, name: string): Record<string, string> | null {
  const expected = pattern.split(':');
  const given = name.split(':');
  const open = expected.at(-1) === '*';
  if (open ? given.length < expected.length : given.length !== expected.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of expected.entries()) {
    if (open && index === expected.length - 1) return params;
    const value = given[index]!;
    if (segment.startsWith('{') && segment.endsWith('}')) params[segment.slice(1, -1)] = value;
    else if (segment !== value) return null;
  }
  return params;
}
