import { isChannelName, matchPattern, MAX_CHANNEL_BYTES } from '../../protocol/index.js';

/**
 * Channels to which a token or a guest is limited, as names and patterns: `{param}` matches one segment, a final `*` one or more.
 */
export type ChannelLimit = readonly string[];

/** Maximum number of names and patterns of a limit. Every request of a limited client is compared with them. */
export const MAX_LIMIT_ENTRIES = 100;

const PARAMETER = /^\{[A-Za-z_]\w*\}$/;

/** Returns the problem of a limit as a sentence without its subject; `null` if it is valid. */
export function channelLimitProblem(value: unknown): string | null {
  if (!Array.isArray(value)) return 'must be a list of channels and patterns';
  if (value.length > MAX_LIMIT_ENTRIES) return `must have at most ${MAX_LIMIT_ENTRIES} channels and patterns`;
  const at = value.findIndex((entry) => !isNameOrPattern(entry));
  if (at < 0) return null;
  return `must contain channels such as apps:created and patterns such as projects:{id}:* (entry ${at})`;
}

/** Returns true if the limit includes the channel. No limit includes all channels. */
export function isWithinLimit(limit: ChannelLimit | undefined, channel: string): boolean {
  if (limit === undefined) return true;
  return limit.some((pattern) => pattern === channel || matchPattern(pattern, channel) !== null);
}

/** A pattern begins with a literal group, so `*` alone, which would limit nothing, is invalid. */
function isNameOrPattern(entry: unknown): entry is string {
  if (typeof entry !== 'string') return false;
  const [group = '', ...rest] = entry.split(':');
  const named = rest.map((segment, index) => {
    const isOpen = segment === '*' && index === rest.length - 1;
    return isOpen || PARAMETER.test(segment) ? 'x' : segment;
  });
  return entry.length <= MAX_CHANNEL_BYTES && isChannelName([group, ...named].join(':'));
}
