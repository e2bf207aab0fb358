/**
 * Ends a run with one plain line that any CI can read: `12 passed, 0 failed`.
 * A file that fails outside of its tests (it does not load, or its `afterAll` throws) counts as one failure.
 */
module.exports = class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const rest = skipped > 0 ? `, ${skipped} skipped` : '';
    // Jest's own summary comes after the last reporter: only the end of the process is late enough.
    process.once('exit', () => process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed${rest}\n`));
  }
};
