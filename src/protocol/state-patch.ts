/**
 * Changes of a state. Server and client apply the same patches, in the order of their ids. Applying a patch again, or a
 * row of patches from an earlier one on, changes nothing: a state that already contains them stays the same.
 */

/**
 * Values to set and to remove, by path: JSON Pointers (RFC 6901), `""` is the whole state. A path goes through objects; a list
 * is a value and is replaced whole. No path of a patch is a prefix of another. `{}` changes nothing.
 */
export interface StatePatch {
  /** New values by path. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Paths whose property is removed. */
  readonly remove?: readonly string[];
}

/** Data of an event whose change is not in the event: subscribers with `state` receive the state instead. */
export interface StateReload {
  readonly reload: true;
}

/** Maximum number of segments of a path. */
export const MAX_PATH_SEGMENTS = 64;

/** A patch or a path is malformed. */
export class StatePatchError extends Error {
  override readonly name = 'StatePatchError';
}

/** @returns true if the data of an event says that the state has to be sent whole */
export function isStateReload(data: unknown): data is StateReload {
  return isObject(data) && data['reload'] === true;
}

/** Returns the path of these properties, from the outermost to the innermost. */
export function pathOf(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/**
 * Returns the names of the properties of a path.
 * @throws StatePatchError if the path is malformed
 */
export function parsePath(path: string): readonly string[] {
  const segments = path.split('/');
  if (segments.shift() !== '' || /~(?![01])/.test(path) || segments.length > MAX_PATH_SEGMENTS) {
    throw new StatePatchError(`${JSON.stringify(path.slice(0, 100))} is not a path: use "" or "/name/inner"`);
  }
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * Returns the state after a patch: first what it removes, then what it sets. A parent that is missing or not an object becomes an
 * object. The given state is not changed, and parts that the patch does not touch are the same objects as before.
 * @throws StatePatchError if the patch is malformed; the state is then unchanged
 */
export function applyPatch(state: unknown, patch: StatePatch): unknown {
  const { set, remove } = checkPatch(patch);
  let next = state;
  for (const segments of remove) next = removeAt(next, segments, 0);
  for (const [segments, value] of set) next = setAt(next, segments, 0, value);
  return next;
}

interface Checked {
  readonly set: readonly (readonly [segments: readonly string[], value: unknown])[];
  readonly remove: readonly (readonly string[])[];
}

/** @throws StatePatchError */
function checkPatch(patch: unknown): Checked {
  if (!isObject(patch)) throw new StatePatchError('A patch must be an object with "set" or "remove"');
  const { set = {}, remove = [] } = patch;
  if (!isObject(set)) throw new StatePatchError('"set" must be an object with values by path');
  if (!Array.isArray(remove) || !remove.every((path) => typeof path === 'string')) {
    throw new StatePatchError('"remove" must be a list of paths');
  }
  const removed: readonly string[] = remove;
  if (removed.includes('')) throw new StatePatchError('The whole state cannot be removed: set "" to null');
  const paths = [...Object.keys(set), ...removed];
  const known = new Set(paths);
  if (known.size < paths.length || paths.some((path) => hasAncestor(path, known))) {
    throw new StatePatchError('No path of a patch can be equal to another, or a prefix of another');
  }
  return {
    set: Object.entries(set).map(([path, value]) => [parsePath(path), value] as const),
    remove: removed.map(parsePath),
  };
}

function hasAncestor(path: string, known: ReadonlySet<string>): boolean {
  for (let end = path.lastIndexOf('/'); end >= 0; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)) {
    if (known.has(path.slice(0, end))) return true;
  }
  return false;
}

function setAt(state: unknown, segments: readonly string[], depth: number, value: unknown): unknown {
  const name = segments[depth];
  if (name === undefined) return value;
  const parent = isObject(state) ? state : {};
  const before = Object.hasOwn(parent, name) ? parent[name] : undefined;
  const after = setAt(before, segments, depth + 1, value);
  // A computed name in a literal defines a property, also `__proto__`.
  return parent === state && after === before && Object.hasOwn(parent, name) ? parent : { ...parent, [name]: after };
}

function removeAt(state: unknown, segments: readonly string[], depth: number): unknown {
  const name = segments[depth]!;
  if (!isObject(state) || !Object.hasOwn(state, name)) return state;
  if (depth === segments.length - 1) {
    const { [name]: _removed, ...rest } = state;
    return rest;
  }
  const after = removeAt(state[name], segments, depth + 1);
  return after === state[name] ? state : { ...state, [name]: after };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
