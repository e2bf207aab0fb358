import { NO_GRANTS, type FieldGrants } from '../fields/granted-fields.js';
import type { Counters } from '../observability/counters.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import type { PolicyEntry } from './channel-features.js';
import type { ChannelContext } from './channel-policy.js';

/** What came of asking a policy. All but the first two are faults of the policy, and refuse. */
export type PolicyOutcome = 'allowed' | 'refused' | 'threw' | 'timed_out' | 'invalid';

/** What came of asking a policy. */
export interface PolicyVerdict extends FieldGrants {
  readonly outcome: PolicyOutcome;
  /** What the policy gave as its reason, or what went wrong with it; `null` where it said nothing. */
  readonly reason: string | null;
}

const LATE = Symbol('late');

/** Asks policies, and is harmed by none: whatever goes wrong refuses, is logged once in a while, and counted. */
export class PolicyRunner {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));

  constructor(private readonly counters: Counters) {}

  /**
   * @param pattern that of its patterns which covers the channel
   * @param withinMs how long it may take
   */
  async ask(policy: PolicyEntry, pattern: string, context: ChannelContext, withinMs: number): Promise<PolicyVerdict> {
    const begun = performance.now();
    const verdict = await this.verdictOf(policy, context, withinMs);
    this.counters.measurements?.policyAnswered(pattern, verdict.outcome, (performance.now() - begun) / 1_000);
    return verdict;
  }

  private async verdictOf(policy: PolicyEntry, context: ChannelContext, withinMs: number): Promise<PolicyVerdict> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<typeof LATE>((resolve) => void (timer = setTimeout(() => resolve(LATE), withinMs)));
    try {
      // A policy that throws before it awaits anything throws here, too.
      const answer: unknown = await Promise.race([policy.instance!.canSubscribe(context), late]);
      if (answer === LATE) return this.failed(policy, context, 'timed_out', `it took more than ${withinMs} ms`);
      const verdict = read(answer);
      return (
        verdict ??
        this.failed(policy, context, 'invalid', 'it answered neither a boolean nor { allowed, reason, groups, fields }')
      );
    } catch (error) {
      return this.failed(policy, context, 'threw', error instanceof Error ? error.message : String(error), error);
    } finally {
      clearTimeout(timer);
    }
  }

  private failed(
    { name }: PolicyEntry,
    { channel }: ChannelContext,
    outcome: 'threw' | 'timed_out' | 'invalid',
    reason: string,
    error?: unknown,
  ): PolicyVerdict {
    this.counters.policyFailures.add(outcome);
    this.log.error(`${name} ${outcome}`, `The policy ${name} refuses ${channel}: ${reason}`, error);
    return { outcome, reason, ...NO_GRANTS };
  }
}

function read(answer: unknown): PolicyVerdict | null {
  const {
    allowed,
    reason,
    groups = [],
    fields = [],
  } = (typeof answer === 'boolean' ? { allowed: answer } : (answer ?? {})) as {
    readonly allowed?: unknown;
    readonly reason?: unknown;
    readonly groups?: unknown;
    readonly fields?: unknown;
  };
  if (typeof allowed !== 'boolean' || !isTexts(groups) || !isTexts(fields)) return null;
  return {
    outcome: allowed ? 'allowed' : 'refused',
    reason: typeof reason === 'string' ? reason : null,
    ...(allowed ? { groups, fields } : NO_GRANTS),
  };
}

function isTexts(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((entry) => typeof entry === 'string');
}
