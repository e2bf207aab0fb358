import type { EmitRecord } from '../log.js';
import type { HealthyTime } from './healthy-time.js';
import type { Violation } from './violations.js';

/** How long publishers may wait, and when they may be refused. Times in which a fault is under way do not count, unless said. */
export interface WaitingLimits {
  /** An emit waits this long, faults included, before it is rejected. @default 10000 */
  readonly emitTimeoutMs?: number;
  /** An emit is acknowledged within this time. @default 5000 */
  readonly emitWithinMs?: number;
  /** An emit may be rejected before its time is over: its history was lost, so that a retry can be neither found nor ruled out. @default false */
  readonly rejectsAtOnce?: boolean;
}

/** An instance looks at deadlines every 200 ms and never early; this much is for the clocks of two processes. */
const CLOCKS_MS = 50;

/** Emits that were rejected too early, or while the backend was reachable, and those that waited for too long. */
export function waitingViolations(
  emits: readonly EmitRecord[],
  healthy: HealthyTime,
  { emitTimeoutMs = 10_000, emitWithinMs = 5_000, rejectsAtOnce = false }: WaitingLimits,
): Violation[] {
  const violations: Violation[] = [];
  for (const { key, channel, startedAt, settledAt, outcome } of emits) {
    const waited = settledAt - startedAt;
    const waitedHealthy = healthy.between(startedAt, settledAt);
    const violation = (kind: 'rejectedEarly' | 'rejectedWhileUp' | 'waitedLong', detail: string): void =>
      void violations.push({ class: kind, channel, detail: `${key} ${detail}`, at: settledAt });
    if (outcome === 'rejected' || outcome === 'notPublished') {
      if (waited < emitTimeoutMs - CLOCKS_MS && !rejectsAtOnce) {
        violation('rejectedEarly', `after ${Math.round(waited)} ms`);
      } else if (waitedHealthy > emitWithinMs) {
        violation('rejectedWhileUp', `after ${Math.round(waitedHealthy)} ms without a fault`);
      }
    } else if (outcome === 'acknowledged' && waitedHealthy > emitWithinMs) {
      violation('waitedLong', `${Math.round(waitedHealthy)} ms without a fault`);
    }
  }
  return violations;
}
