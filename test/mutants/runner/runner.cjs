const events = require('node:events');
const { default: Runner } = require('jest-runner');

/**
 * Runs the specs of one mutant after the other in this process, as its parent asks: `{ query, specs }`. Replies with the
 * first spec that fails, or `null`. Sends `next` before each spec.
 */
module.exports = class MutantRunner extends Runner {
  async runTests(tests, watcher, options) {
    const testOf = new Map(tests.map((test) => [test.path, test]));
    let hasFailed = false;
    this.on(
      'test-file-success',
      ([, result]) => (hasFailed = result.numFailingTests > 0 || Boolean(result.testExecError)),
    );
    this.on('test-file-failure', () => (hasFailed = true));
    process.send('ready');
    for await (const [order] of events.on(process, 'message', { close: ['disconnect'] })) {
      process.env.MUTANT = order.query;
      let failed = null;
      for (const spec of order.specs) {
        process.send('next');
        await super.runTests([testOf.get(spec)], watcher, { ...options, serial: true });
        if (hasFailed) failed = spec;
        if (hasFailed) break;
      }
      process.send({ failed });
    }
  }
};
