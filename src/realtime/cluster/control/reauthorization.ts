import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ProtocolError } from '../../../protocol/index.js';
import { RedisBridge } from '../../delivery/redis-bridge.service.js';
import { ChannelPolicyService, type Authorized } from '../../channels/channel-policy.service.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import type { Connection } from '../../connections/connection.js';
import type { Subscription } from '../../connections/subscription.js';
import { LogLimiter } from '../../observability/log-limiter.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { onAsked, stateOf, onUnanswered, type UndecidedState, type Undecided } from './undecided.js';

/** Time limit for decisions after a command, in milliseconds. Shorter than the time limit for its confirmation. */
const COMMAND_DECISION_MS = 1_500;
/** Maximum number of connections that a command re-authorizes concurrently. */
const CONCURRENT_CONNECTIONS = 16;
/** Maximum number of concurrent policy calls for one connection. */
const CONCURRENT_POLICIES = 16;
/** Maximum number of undecided subscriptions that are retried concurrently. */
const CONCURRENT_RETRIES = 32;
const CHECK_MS = 100;

interface UndecidedEntry extends Undecided {
  readonly connection: Connection;
}

/**
 * Re-authorizes subscriptions after a token was renewed, and when permissions may have changed. A refusal ends the subscription.
 * Without a decision, the subscription stays live for a while or is paused: see {@link stateOf}.
 */
@Injectable()
export class Reauthorization implements OnApplicationShutdown {
  private readonly log = new LogLimiter(new SafeLogger('Realtime'));
  private readonly undecided = new Map<Subscription, UndecidedEntry>();
  private retries = 0;
  /** Called after a refusal has ended a subscription. @internal */
  onRefused: ((connection: Connection, channel: string) => void) | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly policy: ChannelPolicyService,
    private readonly bridge: RedisBridge,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
    private readonly registry: ConnectionRegistry,
  ) {
    clock.onAdvance(() => this.check());
  }

  onApplicationShutdown(): void {
    this.undecided.clear();
    this.stop();
  }

  /** Re-authorizes a connection with a new token. Resolves once all policies have answered or reached their time limit. */
  onTokenRenewed(connection: Connection): Promise<void> {
    const subscriptions = this.beginReauthorization(connection, false);
    return this.decideAll(connection, subscriptions, this.options.policyTimeoutMs);
  }

  /**
   * Re-authorizes connections whose permissions may have changed. From this call on, no event is delivered because of an earlier
   * decision of a policy. Resolves once all policies have answered or reached their time limit.
   */
  async reauthorizeAll(connections: readonly Connection[]): Promise<void> {
    this.policy.discardPending();
    const rounds = connections.map((connection) => [connection, this.beginReauthorization(connection, true)] as const);
    await inParallel(rounds, CONCURRENT_CONNECTIONS, ([connection, subscriptions]) =>
      this.decideAll(connection, subscriptions, COMMAND_DECISION_MS),
    );
  }

  /** Updates a subscription that a rule or policy granted to the current principal of its connection. */
  onGranted(connection: Connection, subscription: Subscription, granted: Authorized['granted']): void {
    const isNew = subscription.decidedFor === undefined;
    subscription.decidedFor = connection.principal;
    this.updateView(connection, subscription, granted, isNew);
    this.undecided.delete(subscription);
    this.registry.granted(subscription, connection);
    this.bridge.feeds.resume(subscription);
  }

  /**
   * Marks the subscriptions as undecided.
   * @returns the subscriptions to decide; a subscription that is still being created is authorized again by its `subscribe`
   */
  private beginReauthorization(connection: Connection, isOrdered: boolean): Subscription[] {
    connection.authEpoch += 1;
    const subscriptions = [...connection.subscriptions.values()].filter(({ decidedFor }) => decidedFor !== undefined);
    for (const subscription of subscriptions) {
      // Fields of a lost role are removed at once, before a policy is called.
      this.updateView(connection, subscription, subscription.granted);
      if (this.policy.asksPolicy(connection.principal, subscription.channel))
        this.markUndecided(connection, subscription, isOrdered);
    }
    return subscriptions;
  }

  private updateView(
    connection: Connection,
    subscription: Subscription,
    granted: Authorized['granted'],
    isNew = false,
  ): void {
    const { view: before, state } = subscription;
    subscription.granted = granted;
    const view = this.policy.viewOf(connection.principal, subscription.channel, granted);
    subscription.view = view;
    const isSame = view.shared === before.shared && view.userId === before.userId;
    // Later patches have other fields than the state that the client holds.
    if (state && !isNew && !isSame) this.bridge.feeds.sendState(subscription);
  }

  private markUndecided(connection: Connection, subscription: Subscription, isOrdered: boolean): void {
    const { principal } = connection;
    const question = { decidedFor: subscription.decidedFor ?? null, principal, isOrdered };
    const before = this.undecided.get(subscription) ?? null;
    this.track(subscription, { ...onAsked(before, question, this.clock.now()), connection });
  }

  private async decideAll(
    connection: Connection,
    subscriptions: readonly Subscription[],
    withinMs: number,
  ): Promise<void> {
    const deadline = performance.now() + withinMs;
    const { authEpoch } = connection;
    const decide = (subscription: Subscription): Promise<void> =>
      this.decide(connection, subscription, authEpoch, deadline - performance.now());
    const asksPolicy = ({ channel }: Subscription): boolean => this.policy.asksPolicy(connection.principal, channel);
    // Decisions by rule, or by the limit of the token, do not wait for policies.
    await Promise.all(subscriptions.filter((subscription) => !asksPolicy(subscription)).map(decide));
    const byPolicy = subscriptions.filter(asksPolicy);
    await inParallel(byPolicy, CONCURRENT_POLICIES, decide);
  }

  private async decide(
    connection: Connection,
    subscription: Subscription,
    authEpoch: number,
    withinMs = Infinity,
  ): Promise<void> {
    const { channel } = subscription;
    // The result of a decision is ignored if a later one was started.
    const isCurrent = (): boolean =>
      connection.authEpoch === authEpoch && connection.subscriptions.get(channel) === subscription;
    if (!isCurrent()) return;
    try {
      if (withinMs <= 0) throw new ProtocolError('unavailable', { channel });
      const { granted } = await this.policy.authorize(
        connection.principal,
        channel,
        withinMs,
        connection.countedAs ?? connection.address,
      );
      if (isCurrent()) this.onGranted(connection, subscription, granted);
    } catch (error) {
      if (!isCurrent()) return;
      if (error instanceof ProtocolError && error.code !== 'unavailable') {
        this.end(connection, subscription, 'access_revoked');
        return;
      }
      if (!(error instanceof ProtocolError)) this.log.error('decide', `No decision on ${channel}`, error);
      if (!this.undecided.has(subscription)) this.markUndecided(connection, subscription, false);
      const waiting = this.undecided.get(subscription)!;
      this.track(subscription, { ...waiting, ...onUnanswered(waiting, this.clock.now(), Math.random()) });
    }
  }

  private track(subscription: Subscription, waiting: UndecidedEntry): void {
    this.undecided.set(subscription, waiting);
    this.applyState(subscription, waiting);
    this.timer ??= setInterval(
      safely('The check of undecided subscriptions', () => this.check()),
      CHECK_MS,
    ).unref();
  }

  private applyState(subscription: Subscription, waiting: UndecidedEntry): UndecidedState {
    const standing = stateOf(waiting, this.clock.now(), this.clock.wall());
    if (standing !== 'flows' && !subscription.isPaused) this.bridge.feeds.pause(subscription);
    return standing;
  }

  /**
   * Ends subscriptions that waited too long, pauses those that must not receive events any more, and retries decisions that are
   * due.
   */
  private check(): void {
    const now = this.clock.now();
    for (const [subscription, waiting] of this.undecided) {
      const { connection, askAgainAt } = waiting;
      if (connection.subscriptions.get(subscription.channel) !== subscription) this.undecided.delete(subscription);
      else if (this.applyState(subscription, waiting) === 'over') this.end(connection, subscription, 'unavailable');
      else if (now >= askAgainAt && this.retries < CONCURRENT_RETRIES) {
        runSafely('Asking a policy again', () => this.retry(subscription, waiting));
      }
    }
    if (this.undecided.size === 0) this.stop();
  }

  private async retry(subscription: Subscription, waiting: UndecidedEntry): Promise<void> {
    this.undecided.set(subscription, { ...waiting, askAgainAt: Infinity });
    this.retries += 1;
    try {
      await this.decide(waiting.connection, subscription, waiting.connection.authEpoch);
    } finally {
      this.retries -= 1;
    }
  }

  private end(connection: Connection, subscription: Subscription, reason: 'access_revoked' | 'unavailable'): void {
    this.undecided.delete(subscription);
    this.bridge.detach(subscription);
    connection.send({ type: 'unsubscribed', channel: subscription.channel, reason });
    if (reason === 'access_revoked') this.onRefused?.(connection, subscription.channel);
  }

  private stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}

/** Processes a list with a limited number of concurrent workers. */
async function inParallel<T>(list: readonly T[], atOnce: number, work: (entry: T) => Promise<void>): Promise<void> {
  const waiting = list.values();
  const worker = async (): Promise<void> => {
    for (const entry of waiting) await work(entry);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, worker));
}
