/** Tools for tests of Nest applications that use the module. Works with any test runner: failures are plain errors. */
export { RealtimeTestingModule } from './realtime-testing.module.js';
export { RealtimeTesting, type PolicyMatrix } from './realtime-testing.js';
export { TestClient, type EventFrame, type HistoryPage, type Refusal, type TestCallOptions } from './test-client.js';
export { TestLive, type StateMatcher } from './test-live.js';
export type { TestReader } from './test-reader.js';
export { TestStream, type TestStreamEnd } from './test-stream.js';
export type { RecordedEmit } from './emit-recorder.js';
export type { DataOf, Matcher, Shape } from './matcher.js';
export type { Duration, TestClock } from './test-clock.js';
export type { TestUser } from './test-token.js';
