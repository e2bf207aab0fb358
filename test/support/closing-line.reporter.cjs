/**
 * Ends a run with one plain line for any CI: `12 passed, 0 failed`. A file that fails outside of its tests (it does not
 * load, or its `afterAll` throws) counts as one failure.
 */
module.exports = class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const rest = skipped > 0 ? `, ${skipped} skipped` : '';
    // Jest prints its summary after the last reporter, so this waits for the process to exit.
    process.once('exit', () => process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed${rest}\n`));
  }
};
