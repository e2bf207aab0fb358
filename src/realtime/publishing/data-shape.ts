/** Maximum depth of objects and lists in the data of an event. */
const MAX_DEPTH = 64;

/**
 * Returns the problem of data that would be expensive to validate, as a sentence, or `null`. class-transformer takes time
 * that grows with the square of an object's properties, and recurses for each level.
 * @param maxKeys maximum number of properties per object
 */
export function shapeProblem(data: unknown, maxKeys: number): string | null {
  let level: object[] = isObject(data) ? [data] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return `has more than ${MAX_DEPTH} levels of objects and lists`;
    const next: object[] = [];
    for (const value of level) {
      const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
      if (!Array.isArray(value) && inner.length > maxKeys) {
        return `has an object with more than ${maxKeys} properties (the option maxEventKeys)`;
      }
      for (const entry of inner) if (isObject(entry)) next.push(entry);
    }
    level = next;
  }
  return null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
