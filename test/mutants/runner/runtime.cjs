const { register } = require('node:module');
const { pathToFileURL } = require('node:url');
const NativeRuntime = require('../../support/runner/runtime.cjs');

register('./hooks.mjs', pathToFileURL(__filename));

/** Imports a spec with the modules of the current mutant. The process that started this one has the time limit. */
module.exports = class MutantRuntime extends NativeRuntime {
  async unstable_importModule(file) {
    await import(`${pathToFileURL(file).href}?${process.env.MUTANT}`);
  }
};
