/** Tests of the guarantees of a `Backend`, for authors of a backend. */
export { describeBackend, type BackendUnderTest } from './describe-backend.js';
export { describeBroker } from './describe-broker.js';
export type { TestRunner } from './test-runner.js';
