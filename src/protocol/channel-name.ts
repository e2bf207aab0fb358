/**
 * The grammar of channel names: `group:name`, `user:{userId}`, and the wildcard `group:*` of a request.
 * Names are compared exactly and never normalised.
 */

/** Maximum length of a channel name in bytes. Names are ASCII, so this is also the number of characters. */
export const MAX_CHANNEL_BYTES = 200;

/** Group of the private channels: their second segment is a user id, percent-encoded. */
export const USER_GROUP = 'user';

const NAME = /^(user:[\w.@%-]+|[\w.@-]+(:[\w.@-]+)*)$/;
const OF_A_USER = /^user:[A-Za-z0-9_.@%-]+$/;
const OF_A_PLAIN_ID = /^user:[A-Za-z0-9_.@-]+$/;
const WILDCARD = /^[A-Za-z0-9_.@-]+(?::[A-Za-z0-9_.@-]+)*:\*$/;

/**
 * Validates the syntax of a channel name.
 * @returns the problem, as a sentence for the author of the name, or `null` if the name is valid
 */
export function channelNameProblem(name: string): string | null {
  if (name === '') return 'must not be empty';
  if (name.length > MAX_CHANNEL_BYTES) return `must be at most ${MAX_CHANNEL_BYTES} bytes`;
  if (isChannelName(name)) return null;
  return 'must be segments of A-Z a-z 0-9 _ . - @ split by ":"';
}

/** Returns true if the syntax of the name is valid. */
export function isChannelName(name: string): boolean {
  return name.length <= MAX_CHANNEL_BYTES && NAME.test(name);
}

/** Returns true for a wildcard such as `apps:*`, which subscribes to every channel of a group. */
export function isWildcard(name: string): boolean {
  return name.length <= MAX_CHANNEL_BYTES && WILDCARD.test(name);
}

/** Returns the prefix that all channels matching the wildcard share: `apps:*` → `apps:`. */
export function wildcardPrefix(wildcard: string): string {
  return wildcard.slice(0, -1);
}

/**
 * Returns the private channel of a user: `user:` and the user id. UTF-8 bytes of the id outside `A-Z a-z 0-9 _ . - @` are
 * percent-encoded with upper-case hex.
 * @returns `null` if the id is empty or not well-formed Unicode, or if the channel name would exceed {@link
 * MAX_CHANNEL_BYTES}
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

/**
 * Returns the user id of a private channel. Returns `null` for any other name, and for an id that is not in its canonical
 * encoding.
 */
export function userOfChannel(channel: string): string | null {
  // Nothing in a plain id is encoded.
  if (OF_A_PLAIN_ID.test(channel))
    return channel.length > MAX_CHANNEL_BYTES ? null : channel.slice(USER_GROUP.length + 1);
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
 * Matches a name against a pattern. A literal segment matches itself, `{param}` matches one segment, and a trailing `*`
 * matches one or more segments.
 * @returns the parameters by name, or `null` if the name does not match
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
