/** Addresses of channels, segment by segment; `{…}` stands for one segment on the wire, and for one or more in a type. */

const PARAMETER = /\{[^{}]*\}/g;

/** `projects:{projectId}:updated` → `projects:{}:updated`: how a parameter is called makes no difference on the wire. */
export function onTheWire(address: string): string {
  return address.replaceAll(PARAMETER, '{}');
}

/** `projects:{projectId}:updated` → `['projectId']` */
export function parametersIn(address: string): string[] {
  return [...address.matchAll(PARAMETER)].map(([parameter]) => parameter.slice(1, -1));
}

/**
 * Whether the template literal type of the one takes in the other: `${string}` has no end at a colon, so that
 * `projects:${string}:updated` is also the type of `projects:{id}:members:updated`.
 */
export function takesIn(outer: string, inner: string): boolean {
  const matches = (out: readonly string[], within: readonly string[]): boolean => {
    if (out.length === 0 || within.length === 0) return out.length === within.length;
    if (out[0] !== '{}') return out[0] === within[0] && matches(out.slice(1), within.slice(1));
    return within.some((_, index) => matches(out.slice(1), within.slice(index + 1)));
  };
  return matches(onTheWire(outer).split(':'), onTheWire(inner).split(':'));
}
