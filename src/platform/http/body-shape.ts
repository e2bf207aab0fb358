/** Keys and items of a body, at all depths. */
export const MAX_KEYS = 500;
/** How deep objects and lists may be nested. */
export const MAX_DEPTH = 8;

/** What is wrong with the shape of a body that was parsed; `null` if it is small and flat enough to be validated. */
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
