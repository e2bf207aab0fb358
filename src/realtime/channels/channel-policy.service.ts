import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  isWildcard,
  matchPattern,
  ProtocolError,
  USER_GROUP,
  wildcardPrefix,
  type ErrorCode,
} from '../../protocol/index.js';
import { isWithinLimit } from '../auth/channel-limit.js';
import type { Principal } from '../auth/principal.js';
import { Counters } from '../observability/counters.js';
import { NO_GROUPS, type View } from './fields/field-groups.js';
import { NO_GRANTS, type FieldGrants } from './fields/granted-fields.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeOptionsError } from '../options/resolve-options.js';
import { withTimeout } from '../timing/with-timeout.js';
import { isGranted, isInReach, ownGroups, userIdIn } from './access.js';
import { ChannelCatalogue, type Channel, type ChannelRule } from './channel-catalogue.js';
import { ChannelFeatures, type PolicyEntry } from './channel-features.js';
import { ListedChannels } from './listed-channels.js';
import { isUndecided, PolicyRunner, type PolicyVerdict } from './policy-runner.js';

/**
 * Explains why a principal can or cannot subscribe to a channel. For operators, never for clients. Plain, JSON-serializable data.
 */
export interface ChannelExplanation {
  readonly channel: string;
  /** The reply to a `subscribe`: `granted` or the error code; `unavailable` if the policy could not decide. */
  readonly verdict: 'granted' | Extract<ErrorCode, 'forbidden' | 'unknown_channel' | 'unavailable'>;
  /** True if the channel is registered, by name or by a pattern. */
  readonly registered: boolean;
  /** The first rule that covers the name, with its pattern; `null` if none does. */
  readonly rule: ChannelRule | null;
  /** If a policy decides: the name of its class, its answer or failure, and its reason. */
  readonly policy: (PolicyVerdict & { readonly name: string }) | null;
  /** True if the token, or the ticket of a guest, is limited to other channels. No rule and no policy was asked then. */
  readonly isOutsideLimit: boolean;
}

/** A channel named in a request, directly or by a wildcard. */
export interface Resolved {
  readonly channel: string;
  /** The error for this channel, if the decision is already known. */
  readonly error: ProtocolError | null;
}

/** The access of a principal to a channel. */
export interface Authorized {
  readonly channel: Channel;
  /** Fields that a policy granted in addition to those of the role. */
  readonly granted: FieldGrants;
}

/**
 * Decides who can use which channel. `null` as the principal means a connection without a token.
 * @hideconstructor
 */
@Injectable()
export class ChannelPolicyService implements OnModuleInit {
  /** Policies by pattern. */
  private readonly policies = new Map<string, PolicyEntry>();
  private readonly runner: PolicyRunner;
  private readonly listed: ListedChannels;
  /** Names of the registered channels with a policy. */
  private readonly decidedByPolicy: readonly string[];
  /** True if a channel is a stream. */
  readonly hasStreams: boolean;
  private readonly hasTenants: boolean;
  private readonly timeoutMs: number;

  constructor(
    private readonly catalogue: ChannelCatalogue,
    features: ChannelFeatures,
    counters: Counters,
    { policyTimeoutMs, policyConcurrency, tenants }: ResolvedRealtimeOptions,
  ) {
    for (const policy of features.policies) for (const pattern of policy.patterns) this.policies.set(pattern, policy);
    this.runner = new PolicyRunner(counters, policyConcurrency);
    this.decidedByPolicy = [...catalogue.list()].flatMap(([name, { access }]) =>
      typeof access === 'object' && 'policy' in access ? [name] : [],
    );
    this.hasTenants = tenants.claim !== undefined;
    this.listed = new ListedChannels(catalogue, this.hasTenants);
    this.hasStreams = catalogue.hasStreams;
    this.timeoutMs = policyTimeoutMs;
  }

  /** Checks that all policies can be called. The application does not start otherwise. */
  onModuleInit(): void {
    const problems = [...new Set(this.policies.values())].flatMap(({ name, instance }) => {
      if (instance === undefined)
        return [`the policy ${name} must be a singleton: it and its dependencies must not be request-scoped`];
      return typeof instance.canSubscribe === 'function' ? [] : [`the policy ${name} needs canSubscribe(context)`];
    });
    if (problems.length > 0) throw new RealtimeOptionsError(problems);
  }

  /**
   * Authorizes a principal for a channel.
   * @param withinMs time limit, if shorter than `policyTimeoutMs`
   * @param address client address; policy calls without a token are counted by address
   * @throws ProtocolError `unavailable` if the policy could not decide; `forbidden` if the name matches a rule that refuses the
   * principal, registered or not (so that names cannot be probed); `unknown_channel` if the channel is not registered
   */
  async authorize(principal: Principal | null, name: string, withinMs = Infinity, address = ''): Promise<Authorized> {
    const { verdict, policy, isOutsideLimit } = await this.decide(principal, name, withinMs, address);
    if (isOutsideLimit) throw outsideLimit(name);
    if (verdict !== 'granted') throw new ProtocolError(verdict, { channel: name });
    const { groups, fields, info } = policy ?? NO_GRANTS;
    const channel = this.catalogue.find(name)!;
    const hasInfo = channel.presence && info !== undefined;
    // Every subscription keeps its grants. Most have none, so they share one object.
    const isEmpty = groups.length + fields.length === 0 && !hasInfo;
    return { channel, granted: isEmpty ? NO_GRANTS : { groups, fields, ...(hasInfo && { info }) } };
  }

  /**
   * Returns true if a policy decides about this name, so that the decision can take time and can fail.
   * @internal
   */
  asksPolicy(principal: Principal | null, name: string): boolean {
    if (!isWithinLimit(principal?.channels, name)) return false;
    const rule = this.catalogue.ruleOf(name);
    return rule !== null && this.policies.has(rule.pattern);
  }

  /**
   * Returns true if a principal can cancel the stream of a channel that it can subscribe to.
   * @throws ProtocolError `unavailable` if the policy could not decide
   * @internal
   */
  async canCancel(principal: Principal | null, name: string): Promise<boolean> {
    const channel = this.catalogue.find(name);
    const rule = this.catalogue.ruleOf(name);
    if (channel === null || channel.stream === null || rule === null) return false;
    const policy = this.policies.get(rule.pattern)?.instance;
    if (policy === undefined || policy.canCancel === undefined) {
      const { cancel: access } = channel.stream;
      const params = matchPattern(channel.pattern, name) ?? {};
      return access !== null && isGranted({ access, global: channel.global }, principal, params, this.hasTenants);
    }
    const context = { principal, channel: name, params: matchPattern(rule.pattern, name)! };
    const answer = await answerWithin(() => policy.canCancel?.(context), this.timeoutMs);
    if (typeof answer !== 'boolean') throw new ProtocolError('unavailable', { channel: name });
    return answer;
  }

  /**
   * Discards policy calls in flight after permissions changed: later requests call the policy again.
   * @internal
   */
  discardPending(): void {
    this.runner.discardPending();
  }

  /**
   * Returns the view of a channel's events that this principal receives.
   * @param granted the fields that a policy granted
   * @internal
   */
  viewOf(principal: Principal | null, name: string, granted: FieldGrants = NO_GRANTS): View {
    const channel = this.catalogue.find(name);
    if (channel === null || channel.fields === null) return NO_GROUPS;
    const groups = [...ownGroups(channel, principal), ...granted.groups];
    return channel.fields.viewOf(groups, granted.fields, userIdIn(channel, principal, this.hasTenants));
  }

  /** True if a channel has a state. */
  get hasStates(): boolean {
    return this.catalogue.hasStates;
  }

  /** Makes the same decision as for a `subscribe`, including the policy call, and returns how it was made. Never rejects. */
  explain(principal: Principal | null, name: string): Promise<ChannelExplanation> {
    return this.decide(principal, name, Infinity);
  }

  /**
   * Returns the channels of a group (`apps:*`) that are registered by name and that this principal can use. Channels that are
   * registered by a pattern are not included, because their number is unbounded.
   * @throws ProtocolError `forbidden` or `unknown_channel` if there is none
   */
  async expand(principal: Principal | null, wildcard: string): Promise<readonly string[]> {
    return (await this.resolve(principal, wildcard))
      .filter(({ error }) => error === null)
      .map(({ channel }) => channel);
  }

  /**
   * Returns the number of policy calls that {@link resolve} makes for a name.
   * @internal
   */
  callsFor(principal: Principal | null, name: string): number {
    return isWildcard(name) ? this.underPolicy(principal, name).length : 0;
  }

  /** Returns the registered channels of a group that have a policy, and to which the principal is not denied by its limit. */
  private underPolicy(principal: Principal | null, wildcard: string): readonly string[] {
    const prefix = wildcardPrefix(wildcard);
    return this.decidedByPolicy.filter((name) => name.startsWith(prefix) && isWithinLimit(principal?.channels, name));
  }

  private async expandAll(
    principal: Principal | null,
    wildcard: string,
    address: string,
  ): Promise<readonly Resolved[]> {
    const prefix = wildcardPrefix(wildcard);
    const listed = this.listed.of(principal).filter((name) => name.startsWith(prefix));
    const decided = await Promise.all(
      this.underPolicy(principal, wildcard).map((name) => this.decide(principal, name, Infinity, address)),
    );
    const found = [
      ...listed.map((channel) => ({ channel, error: null })),
      ...decided.filter(({ verdict }) => verdict === 'granted').map(({ channel }) => ({ channel, error: null })),
      ...decided
        .filter(({ verdict }) => verdict === 'unavailable')
        .map(({ channel }) => ({ channel, error: new ProtocolError('unavailable', { channel }) })),
    ];
    if (found.length > 0) return found;
    if (principal?.channels !== undefined) throw outsideLimit(wildcard);
    // The error is the same whether the group has channels or not, so that names cannot be probed.
    const isUserGroup = prefix === `${USER_GROUP}:`;
    const audience = this.catalogue.audienceOf(`${prefix}x`);
    const refused = isUserGroup
      ? principal === null
      : audience !== null && !isGranted(audience, principal, {}, this.hasTenants);
    throw new ProtocolError(refused ? 'forbidden' : 'unknown_channel', { channel: wildcard });
  }

  /**
   * Returns the channels that this principal can subscribe to by name, including its private one. Channels with a policy are not
   * included: the policy is called at each `subscribe`.
   */
  authorizedChannels(principal: Principal | null): readonly string[] {
    const listed = this.listed.of(principal);
    const hasOwn =
      principal !== null &&
      (!this.hasTenants || principal.homeTenant !== null) &&
      isWithinLimit(principal.channels, principal.channel);
    return hasOwn ? [...listed, principal.channel] : listed;
  }

  /**
   * Resolves a channel or wildcard in a request. A wildcard can resolve to several channels, and policies may be unable to decide
   * about some of them.
   * @internal
   */
  async resolve(principal: Principal | null, name: string, address = ''): Promise<readonly Resolved[]> {
    return isWildcard(name) ? this.expandAll(principal, name, address) : [{ channel: name, error: null }];
  }

  private async decide(
    principal: Principal | null,
    name: string,
    withinMs: number,
    address = '',
  ): Promise<ChannelExplanation> {
    const registered = this.catalogue.find(name) !== null;
    const rule = this.catalogue.ruleOf(name);
    const audience = this.catalogue.audienceOf(name);
    const about = { channel: name, registered, rule, policy: null, isOutsideLimit: false };
    // Checked first: the answer is the same for any other name, so that names cannot be probed.
    if (!isWithinLimit(principal?.channels, name)) return { ...about, verdict: 'forbidden', isOutsideLimit: true };
    if (rule === null || audience === null) return { ...about, verdict: 'unknown_channel' };
    const params = matchPattern(rule.pattern, name)!;
    const entry = this.policies.get(rule.pattern);
    let policy: ChannelExplanation['policy'] = null;
    // A principal without a tenant is refused before a policy is called, so that policies need no tenant check.
    if (entry !== undefined && isInReach(audience, principal, this.hasTenants)) {
      const context = { principal, channel: name, params };
      policy = {
        name: entry.name,
        ...(await this.runner.ask(entry, rule.pattern, context, this.timeoutMs, withinMs, address)),
      };
      // The policy could not decide. The verdict also hides whether the name is registered.
      if (isUndecided(policy)) return { ...about, verdict: 'unavailable', policy };
    }
    const allowed =
      entry === undefined
        ? isGranted(audience, principal, params, this.hasTenants)
        : policy !== null && policy.outcome === 'allowed';
    const verdict = !allowed ? 'forbidden' : registered ? 'granted' : 'unknown_channel';
    return { ...about, verdict, policy };
  }
}

/** @returns `null` if a policy throws, or takes too long */
async function answerWithin<T>(ask: () => T | Promise<T>, limitMs: number): Promise<T | null> {
  try {
    return await withTimeout(Promise.resolve(ask()), limitMs, () => null);
  } catch {
    return null;
  }
}

function outsideLimit(channel: string): ProtocolError {
  return new ProtocolError('forbidden', { channel, message: 'The token is limited to other channels' });
}
