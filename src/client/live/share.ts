/** Levels of nesting that are compared. Deeper parts are new objects. */
const MAX_DEPTH = 200;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Returns a value that equals `next`, and in which the parts that equal parts of `before` are the same objects. Neither value
 * is changed.
 */
export function share(before: unknown, next: unknown, depth = 0): unknown {
  if (before === next || depth > MAX_DEPTH) return next;
  if (Array.isArray(before) && Array.isArray(next)) {
    const old: readonly unknown[] = before;
    const items = next.map((item, index) => share(old[index], item, depth + 1));
    return items.length === old.length && items.every((item, index) => item === old[index]) ? old : items;
  }
  if (!isObject(before) || !isObject(next)) return next;
  const fields = Object.entries(next).map(
    ([name, value]) => [name, share(Object.hasOwn(before, name) ? before[name] : undefined, value, depth + 1)] as const,
  );
  const isSame =
    fields.length === Object.keys(before).length &&
    fields.every(([name, value]) => Object.hasOwn(before, name) && value === before[name]);
  // `fromEntries` defines properties, also `__proto__`.
  return isSame ? before : Object.fromEntries(fields);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
