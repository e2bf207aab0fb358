// What `@jest/globals` is to a file; the loader makes an instance for each file that imports it.
const current = () => globalThis[Symbol.for('spec globals')];

export const { expect, describe, it, test, beforeAll, beforeEach, afterAll, afterEach } = current();

/** Of the spec that runs: a support file is loaded once and serves the specs of later files as well. */
export const jest = new Proxy({}, { get: (_target, name) => current().jest[name] });
