/** The promises of a `Backend` as tests, for those who write one. */
export { describeBackend, type BackendUnderTest } from './describe-backend.js';
export { describeBroker } from './describe-broker.js';
export type { TestRunner } from './test-runner.js';
