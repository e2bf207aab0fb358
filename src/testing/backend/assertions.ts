import assert from 'node:assert/strict';

/** Asserts that every field of `expected` is in `actual`, with the same value. */
export function assertMatches(actual: unknown, expected: object): void {
  assert.deepEqual(pick(actual, expected), expected);
}

/** Waits until a condition is true. @throws Error after 20 s */
export async function until(condition: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited 20 s for ${what()}`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}

function pick(actual: unknown, expected: unknown): unknown {
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) return actual;
  if (Array.isArray(expected) !== Array.isArray(actual)) return actual;
  if (Array.isArray(expected)) {
    const list = actual as unknown[];
    return list.map((item, index) => (index < expected.length ? pick(item, expected[index]) : item));
  }
  const fields = Object.entries(expected).filter(([name]) => name in actual);
  return Object.fromEntries(
    fields.map(([name, field]) => [name, pick((actual as Record<string, unknown>)[name], field)]),
  );
}
