const asyncHooks = require('node:async_hooks');
const { register } = require('node:module');
const { pathToFileURL } = require('node:url');
const { default: Runtime } = require('jest-runtime');
const { SourceMaps } = require('./compiled.cjs');

register('./hooks.mjs', pathToFileURL(__filename));

const FRAMEWORK = /[\\/]jest-circus[\\/]build[\\/]/;

/** Description of the symbol under which each copy of the framework keeps its tests in `globalThis`. */
const STATE = 'JEST_STATE_SYMBOL';

/** Loads modules. Adds each storage that they create to `storages`. */
function recordStorages(storages, load) {
  const original = Object.getOwnPropertyDescriptor(asyncHooks, 'AsyncLocalStorage');
  const { AsyncLocalStorage } = asyncHooks;
  const value = class extends AsyncLocalStorage {
    constructor(...args) {
      super(...args);
      storages.push(this);
    }
  };
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { value, configurable: true });
  try {
    return load();
  } finally {
    Object.defineProperty(asyncHooks, 'AsyncLocalStorage', original);
  }
}

/**
 * Loads a spec and what it imports as Node does, instead of module by module into a VM context.
 * Everything else is Jest's: hooks, timeouts, fake timers, mocks, reports.
 */
module.exports = class NativeRuntime extends Runtime {
  #sourceMaps = new SourceMaps();
  /** The storages of the test framework. */
  #storages = [];
  #importTimeoutMs;
  #testPath;

  constructor(...args) {
    super(...args);
    // Loading is CPU work, which takes long on a busy machine: only a hang exceeds this.
    this.#testPath = args.at(-2);
    this.#importTimeoutMs = 4 * (args.at(-1).testTimeout ?? 5_000);
  }

  /** Loads the test framework anew: its state belongs to one spec file. */
  requireInternalModule(from, to) {
    if (to !== undefined) return super.requireInternalModule(from, to);
    for (const file of Object.keys(require.cache)) if (FRAMEWORK.test(file)) delete require.cache[file];
    module.children = module.children.filter(({ filename }) => !FRAMEWORK.test(filename));
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
    delete globalThis[Symbol.for('TEST_TIMEOUT_SYMBOL')];
    return recordStorages(this.#storages, () => require(from));
  }

  /**
   * Ends what the framework leaves in the process. Each promise copies the values of all enabled storages, and the tests hold
   * all that they refer to, such as applications.
   */
  teardown() {
    for (const storage of this.#storages) storage.disable();
    for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
      if (symbol.description === STATE) delete globalThis[symbol];
    }
    super.teardown();
  }

  setGlobalsForRuntime(globals) {
    super.setGlobalsForRuntime(globals);
    globalThis[Symbol.for('spec globals')] = { ...globals, jest: this.jestGlobals.jestObjectFor(this.#testPath) };
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(file) {
    let timer;
    const tooLate = new Promise((_resolve, reject) => {
      const error = new Error(`The import of this file took longer than ${this.#importTimeoutMs} ms.`);
      timer = setTimeout(reject, this.#importTimeoutMs, error);
    });
    try {
      await Promise.race([import(pathToFileURL(file)), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Left out: Jest would replace `process.getBuiltinModule`, and this is the process itself. */
  installGetBuiltinModule() {}

  getSourceMaps() {
    return this.#sourceMaps;
  }
};
