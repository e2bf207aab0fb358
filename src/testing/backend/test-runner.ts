/** The functions of a test runner that the suites use: the globals of Jest, or the module `node:test` or `vitest`. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => void | Promise<void>) => unknown;
  readonly beforeEach: (body: () => void | Promise<void>) => unknown;
  readonly afterEach: (body: () => void | Promise<void>) => unknown;
}

/** The given runner, or the global functions. @throws Error if there are none */
export function runnerOf(given?: TestRunner): TestRunner {
  if (given !== undefined) return given;
  const runner = globalThis as unknown as TestRunner;
  if (typeof runner.describe === 'function' && typeof runner.it === 'function') return runner;
  throw new Error('There is no global `describe`: pass the module of the test runner as `runner`');
}
