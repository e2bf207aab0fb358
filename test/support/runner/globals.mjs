// Stands for `@jest/globals` in each file. The loader creates an instance for each file that imports it.
const current = () => globalThis[Symbol.for('spec globals')];

export const { expect, describe, it, test, beforeAll, beforeEach, afterAll, afterEach } = current();

/** Uses the `jest` of the running spec: a support file is loaded once and also serves later specs. */
export const jest = new Proxy({}, { get: (_target, name) => current().jest[name] });
