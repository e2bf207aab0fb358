import { limitedUserOf } from '../auth/guest.js';
import type { Principal } from '../auth/principal.js';
import { NO_GRANTS, type FieldGrants } from './fields/granted-fields.js';
import type { Counters } from '../observability/counters.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { withTimeout } from '../timing/with-timeout.js';
import type { PolicyEntry } from './channel-features.js';
import type { ChannelContext } from './channel-policy.js';
import { presenceInfo } from './presence-info.js';
import { FairSlots } from './fair-slots.js';

/** Why a policy could not decide. */
export type PolicyFailure = 'threw' | 'timed_out' | 'invalid' | 'overloaded';

/** The outcome of a policy call. Only the first two are decisions. */
export type PolicyOutcome = 'allowed' | 'refused' | PolicyFailure;

/** The outcome of a policy call, with its reason and grants. */
export interface PolicyVerdict extends FieldGrants {
  readonly outcome: PolicyOutcome;
  /** The reason given by the policy, or why it could not decide; `null` if it gave none. */
  readonly reason: string | null;
}

/** Returns true if the policy could not decide, so that access is neither granted nor refused. */
export function isUndecided({ outcome }: PolicyVerdict): boolean {
  return outcome !== 'allowed' && outcome !== 'refused';
}

/** How long a call waits for a slot, in milliseconds. */
const MAX_WAIT_MS = 10_000;

/** Maximum share of the concurrent calls that one user can use. */
const SHARE_OF_USER = 0.1;

const LATE = Symbol('late');

/**
 * Calls policies, and handles all of their failures: a failure is counted, logged with a rate limit, and makes no decision.
 * Limits the number of concurrent calls. Concurrent calls for the same principal and channel are shared.
 */
export class PolicyRunner {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly slots: FairSlots;
  /** Calls in flight, by principal and channel. */
  private readonly pending = new Map<string, Promise<PolicyVerdict>>();

  /** @param concurrency maximum number of concurrent calls in total */
  constructor(
    private readonly counters: Counters,
    concurrency = 100,
  ) {
    this.slots = new FairSlots(concurrency, Math.max(1, Math.ceil(concurrency * SHARE_OF_USER)));
  }

  /**
   * Calls a policy, or joins a call in flight for the same principal and channel.
   * @param pattern the pattern of the policy that covers the channel
   * @param limitMs time limit for the policy itself
   * @param withinMs time limit including the wait for a slot
   * @param address client address; calls without a token are limited by address
   */
  async ask(
    policy: PolicyEntry,
    pattern: string,
    context: ChannelContext,
    limitMs: number,
    withinMs = Infinity,
    address = '',
  ): Promise<PolicyVerdict> {
    const question = JSON.stringify([...identityOf(context.principal), context.channel]);
    const known = this.pending.get(question);
    if (known !== undefined) {
      if (withinMs === Infinity) return known;
      return withTimeout(known, withinMs, () => this.timedOut(policy, context, withinMs));
    }
    const answer = this.callInTurn(policy, pattern, context, limitMs, withinMs, address).finally(() => {
      if (this.pending.get(question) === answer) this.pending.delete(question);
    });
    this.pending.set(question, answer);
    return answer;
  }

  /**
   * Discards calls in flight after permissions changed: their answers may be outdated, so the next request calls the policy
   * again.
   */
  discardPending(): void {
    this.pending.clear();
  }

  private async callInTurn(
    policy: PolicyEntry,
    pattern: string,
    context: ChannelContext,
    limitMs: number,
    withinMs: number,
    address: string,
  ): Promise<PolicyVerdict> {
    const begun = performance.now();
    const user = limitedUserOf(context.principal) ?? `from ${address}`;
    if (!(await this.slots.take(user, Math.min(MAX_WAIT_MS, withinMs)))) {
      return this.failed(policy, context, 'overloaded', 'it was not called: too many policy calls are running');
    }
    try {
      const asked = performance.now();
      const verdict = await this.call(policy, context, Math.max(1, Math.min(limitMs, withinMs - (asked - begun))));
      this.counters.measurements?.policyAnswered(pattern, verdict.outcome, (performance.now() - asked) / 1_000);
      return verdict;
    } finally {
      this.slots.release(user);
    }
  }

  private async call(policy: PolicyEntry, context: ChannelContext, limitMs: number): Promise<PolicyVerdict> {
    try {
      const answer = await withTimeout(Promise.resolve(policy.instance!.canSubscribe(context)), limitMs, () => LATE);
      if (answer === LATE) return this.timedOut(policy, context, limitMs);
      return this.read(answer, policy, context) ?? this.failed(policy, context, 'invalid', INVALID);
    } catch (error) {
      return this.failed(policy, context, 'threw', describe(error), error);
    }
  }

  private read(answer: unknown, policy: PolicyEntry, { channel }: ChannelContext): PolicyVerdict | null {
    const {
      allowed,
      reason,
      groups = [],
      fields = [],
      info,
    } = (typeof answer === 'boolean' ? { allowed: answer } : (answer ?? {})) as Readonly<Record<string, unknown>>;
    if (typeof allowed !== 'boolean' || !isTexts(groups) || !isTexts(fields)) return null;
    const about = typeof reason === 'string' ? reason : null;
    if (!allowed) return { outcome: 'refused', reason: about, ...NO_GRANTS };
    const json = info === undefined || info === null ? undefined : this.infoOf(info, policy, channel);
    return { outcome: 'allowed', reason: about, groups, fields, ...(json !== undefined && { info: json }) };
  }

  /** Serialises the info of a member. Info that cannot be sent is logged, and access does not depend on it. */
  private infoOf(info: unknown, { name }: PolicyEntry, channel: string): string | undefined {
    const result = presenceInfo(info);
    if ('json' in result) return result.json;
    const problem = `The info that the policy ${name} gave for ${channel} ${result.problem}`;
    this.log.error(`${name} info`, `${problem}. The member is shown without info. ${INFO_ADVICE}`, undefined);
    return undefined;
  }

  private timedOut(policy: PolicyEntry, context: ChannelContext, limitMs: number): PolicyVerdict {
    return this.failed(policy, context, 'timed_out', `it took more than ${Math.round(limitMs)} ms`);
  }

  private failed(
    { name }: PolicyEntry,
    { channel }: ChannelContext,
    outcome: PolicyFailure,
    reason: string,
    error?: unknown,
  ): PolicyVerdict {
    this.counters.policyFailures.add(outcome);
    const cause = error instanceof Error ? error : undefined;
    this.log.error(`${name} ${outcome}`, `The policy ${name} could not decide on ${channel}: ${reason}`, cause);
    return { outcome, reason, ...NO_GRANTS };
  }
}

const INVALID = 'it returned neither a boolean nor { allowed, reason, groups, fields, info }';

const INFO_ADVICE = 'Return only what other members should see, such as a name and the URL of an avatar';

/** Returns the properties by which a policy can distinguish principals. Calls with equal properties are shared. */
function identityOf(principal: Principal | null): readonly unknown[] {
  if (principal === null) return [];
  return [principal.userKey, principal.tenant, principal.claimsDigest, principal.jti];
}

/** A policy can throw anything, even an object that cannot be converted to a string. */
function describe(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'it threw an object without a description';
  }
}

function isTexts(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((entry) => typeof entry === 'string');
}
