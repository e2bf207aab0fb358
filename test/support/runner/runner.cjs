const inspector = require('node:inspector');
const { default: Runner } = require('jest-runner');

/**
 * Runs specs in workers even if there is one only: they share their process's globals, and a fake clock would stop
 * Jest's own timers. Under a debugger they run where the debugger is attached.
 */
module.exports = class WorkerRunner extends Runner {
  async runTests(tests, watcher, options) {
    await super.runTests(tests, watcher, { ...options, serial: options.serial && inspector.url() !== undefined });
  }
};
