import fc from 'fast-check';
import type { WalkCall } from './call-watch.js';

/** Any call of a walk. @param names channels on which its command can publish */
export function walkCall(names: readonly string[]): fc.Arbitrary<WalkCall> {
  return fc.record({
    once: fc.constantFrom(true, true, true, false),
    offline: fc.constantFrom('queue' as const, 'queue' as const, 'fail' as const),
    timeoutMs: fc.constantFrom(1, 1_000, 10_000, 10_000, 60_000),
    cancelAfterMs: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 1, 1_000),
    cancelBy: fc.constantFrom('cancel' as const, 'signal' as const),
    ms: fc.constantFrom(0, 0, 0, 1, 500, 5_000, 20_000),
    channels: fc.subarray([...names]),
    isLater: fc.boolean(),
    fails: fc.constantFrom(false, false, false, false, true),
    busy: fc.constantFrom(0, 0, 0, 0, 1, 3),
  });
}
