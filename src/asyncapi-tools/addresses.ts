/**
 * Channel addresses are compared by segment. `{…}` stands for one segment on the wire, and for one or more in a
 * TypeScript type.
 */

const PARAMETER = /\{[^{}]*\}/g;

/** Removes parameter names, which do not exist on the wire: `projects:{projectId}:updated` → `projects:{}:updated`. */
export function onTheWire(address: string): string {
  return address.replaceAll(PARAMETER, '{}');
}

/** `projects:{projectId}:updated` → `['projectId']` */
export function parametersIn(address: string): string[] {
  return [...address.matchAll(PARAMETER)].map(([parameter]) => parameter.slice(1, -1));
}

/**
 * Returns true if the template literal type of `outer` includes that of `inner`. `${string}` also matches colons, so
 * `projects:${string}:updated` includes `projects:{id}:members:updated`.
 */
export function covers(outer: string, inner: string): boolean {
  const matches = (out: readonly string[], within: readonly string[]): boolean => {
    if (out.length === 0 || within.length === 0) return out.length === within.length;
    if (out[0] !== '{}') return out[0] === within[0] && matches(out.slice(1), within.slice(1));
    return within.some((_, index) => matches(out.slice(1), within.slice(index + 1)));
  };
  return matches(onTheWire(outer).split(':'), onTheWire(inner).split(':'));
}
