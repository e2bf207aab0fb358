import { MAX_CHANNEL_BYTES } from '../../protocol/index.js';

/**
 * Patterns of channel names: validation, and relations between two patterns. `{param}` matches one segment, a final `*` one or
 * more.
 */

const LITERAL = /^[\w.@-]+$/;
const PARAMETER = /^\{[A-Za-z_]\w*\}$/;

/** Returns true if the string is a pattern, not a name. */
export function isPattern(text: string): boolean {
  return /[{}*]/.test(text);
}

/** Returns the problem of a pattern as a sentence without its subject. Returns `null` if the pattern is valid. */
export function patternProblem(pattern: string, mayBeOpen: boolean): string | null {
  if (pattern.length > MAX_CHANNEL_BYTES) return `must be at most ${MAX_CHANNEL_BYTES} bytes`;
  const segments = pattern.split(':');
  if (!LITERAL.test(segments[0]!)) return 'must begin with a group, such as projects:';
  const fixed = isOpen(segments) ? segments.slice(0, -1) : segments;
  if (isOpen(segments) && !mayBeOpen) return 'must not end in *: name each channel';
  if (!fixed.every((segment) => LITERAL.test(segment) || PARAMETER.test(segment))) {
    return 'must be segments separated by ":", each of A-Z a-z 0-9 _ . - @ or a parameter such as {projectId}';
  }
  const parameters = parametersOf(pattern);
  if (new Set(parameters).size < parameters.length) return 'must not name a parameter twice';
  return null;
}

/** Returns the expression that accepts the names that match a pattern, among names with valid syntax. */
export function expressionOf(pattern: string): RegExp {
  const segments = pattern.split(':').map((segment) => {
    if (segment === '*') return '[^:]+(?::[^:]+)*';
    return isParameter(segment) ? '[^:]+' : segment.replaceAll('.', '\\.');
  });
  return new RegExp(`^${segments.join(':')}$`);
}

/** Returns the names of the parameters: `projects:{projectId}:updated` → `['projectId']`. */
export function parametersOf(pattern: string): string[] {
  return pattern
    .split(':')
    .filter((segment) => PARAMETER.test(segment))
    .map((segment) => segment.slice(1, -1));
}

/** Returns true if some name matches both patterns. A plain name is a pattern that matches only itself. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [one.split(':'), other.split(':')];
  if (!isOpen(a) && b.length > a.length) return false;
  if (!isOpen(b) && a.length > b.length) return false;
  const fixed = Math.min(fixedOf(a), fixedOf(b));
  return a.slice(0, fixed).every((segment, at) => isParameter(segment) || isParameter(b[at]!) || segment === b[at]);
}

/** Returns true if `outer` matches every name that `inner` matches. */
export function covers(outer: string, inner: string): boolean {
  const [out, within] = [outer.split(':'), inner.split(':')];
  if (isOpen(out) ? within.length < out.length : isOpen(within) || within.length !== out.length) return false;
  return out.slice(0, fixedOf(out)).every((segment, at) => isParameter(segment) || segment === within[at]);
}

function isOpen(segments: readonly string[]): boolean {
  return segments.at(-1) === '*';
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{');
}

function fixedOf(segments: readonly string[]): number {
  return isOpen(segments) ? segments.length - 1 : segments.length;
}
