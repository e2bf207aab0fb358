const { jest } = require('../../../package.json');

module.exports = {
  ...jest,
  rootDir: '../../..',
  runner: '<rootDir>/test/mutants/runner/runner.cjs',
  runtime: '<rootDir>/test/mutants/runner/runtime.cjs',
  // A mutant that waits forever fails soon.
  testTimeout: 8_000,
  reporters: ['<rootDir>/test/support/closing-line.reporter.cjs'],
};
