/** Maximum number of keys and items in a body, at all depths. */
export const MAX_KEYS = 500;
/** Maximum nesting of objects and lists. */
export const MAX_DEPTH = 8;

/** Describes why a parsed body is too large or too deep to be validated; `null` if it is not. */
export function shapeProblem(body: unknown): string | null {
  let keys = 0;
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (depth === MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`;
      const values: readonly unknown[] = Object.values(value);
      keys += values.length;
      if (keys > MAX_KEYS) return `has more than ${MAX_KEYS} keys`;
      next.push(...values);
    }
    level = next;
  }
  return null;
}
