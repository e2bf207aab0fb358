/** For the tests of Nest applications that use the module. It needs no test runner: what fails is a plain error. */
export { RealtimeTestingModule } from './realtime-testing.module.js';
export { RealtimeTesting, type PolicyMatrix } from './realtime-testing.js';
export { TestClient, type EventFrame } from './test-client.js';
export type { RecordedEmit } from './emit-recorder.js';
export type { DataOf, Matcher, Shape } from './matcher.js';
export type { Duration, TestClock } from './test-clock.js';
export type { TestUser } from './test-token.js';
