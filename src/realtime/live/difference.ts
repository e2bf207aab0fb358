import { isDeepStrictEqual } from 'node:util';
import { MAX_PATH_SEGMENTS, pathOf, type StatePatch } from '../../protocol/index.js';

/** Returns the patch that turns one state into another; `{}` if they are equal. Both must be parsed JSON. */
export function difference(before: unknown, after: unknown): StatePatch {
  const set: Record<string, unknown> = {};
  const remove: string[] = [];
  compare(before, after, [], set, remove);
  return { ...(Object.keys(set).length > 0 && { set }), ...(remove.length > 0 && { remove }) };
}

/** Returns true if a patch changes nothing. */
export function isEmptyPatch({ set = {}, remove = [] }: StatePatch): boolean {
  return remove.length === 0 && Object.keys(set).length === 0;
}

function compare(
  before: unknown,
  after: unknown,
  path: readonly string[],
  set: Record<string, unknown>,
  remove: string[],
): void {
  if (!isObject(before) || !isObject(after) || path.length >= MAX_PATH_SEGMENTS) {
    if (!isDeepStrictEqual(before, after)) set[pathOf(path)] = after;
    return;
  }
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) remove.push(pathOf([...path, name]));
  for (const [name, value] of Object.entries(after)) {
    if (Object.hasOwn(before, name)) compare(before[name], value, [...path, name], set, remove);
    else set[pathOf([...path, name])] = value;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
