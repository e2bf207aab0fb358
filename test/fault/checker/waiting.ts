import type { EmitRecord } from '../log.js';
import type { HealthyTime } from './healthy-time.js';
import type { Violation } from './violations.js';

/** Limits for waiting publishers. Time with a fault does not count, unless stated. */
export interface WaitingLimits {
  /** Time that an emit waits before it is rejected, including faults, in milliseconds. @default 10000 */
  readonly emitTimeoutMs?: number;
  /** Maximum time until an emit is acknowledged, in milliseconds. @default 5000 */
  readonly emitWithinMs?: number;
  /**
   * Allows rejections before the timeout: if the history was lost, a retry can neither be detected nor ruled out.
   * @default false
   */
  readonly rejectsAtOnce?: boolean;
}

/**
 * Tolerance for the clocks of two processes, in milliseconds. An instance checks deadlines every 200 ms and never
 * early.
 */
const CLOCKS_MS = 50;

/** Finds emits that were rejected too early or while the backend was reachable, and emits that waited too long. */
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
