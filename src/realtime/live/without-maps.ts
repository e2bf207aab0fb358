/**
 * Returns a state with an object instead of each `Map`, which JSON would lose. Everything else is the same as before: values that
 * JSON cannot represent are left to the check of the JSON.
 */
export function withoutMaps(value: unknown): unknown {
  return replaced(value, []);
}

function replaced(value: unknown, ancestors: readonly object[]): unknown {
  if (typeof value !== 'object' || value === null || ancestors.includes(value)) return value;
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return value;
  const inner = [...ancestors, value];
  if (Array.isArray(value)) {
    const list = value.map((entry) => replaced(entry, inner));
    return list.every((entry, index) => entry === value[index]) ? value : list;
  }
  const isMap = value instanceof Map;
  const before: [string, unknown][] = isMap ? [...(value as Map<string, unknown>)] : Object.entries(value);
  const after = before.map(([name, field]): [string, unknown] => [name, replaced(field, inner)]);
  const isSame = !isMap && after.every(([, field], index) => field === before[index]![1]);
  return isSame ? value : Object.fromEntries(after);
}
