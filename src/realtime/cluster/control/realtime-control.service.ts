import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { BEFORE_LEEWAY_MS, sessionOfJti } from '../../auth/revocation.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import type { Connection } from '../../connections/connection.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { safely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { TenantError, Tenants } from '../../tenants/tenants.js';
import { assertText, actorOf, toMilliseconds, type TenantScope, type Timestamp } from './control-arguments.js';
import type { ControlResult } from './control-bus.js';
import { confirmed, type Actor, type Confirmation } from './confirmation.js';
import { coalesced } from '../../timing/coalesced.js';
import { CONFIRM_MS, ControlBus } from './control-bus.js';
import { assertSendable, type CommandOutcome, type ControlCommand } from './control-command.js';
import { Reauthorization } from './reauthorization.js';
import { RevocationKeeper } from './revocation-keeper.js';
import { UserSubscriptions, type SubscribeResult } from './user-subscriptions.js';

/**
 * Closes connections, revokes tokens, and subscribes, unsubscribes and re-authorizes users, on all instances. Each method resolves once all running
 * instances have executed the command, or after 2 s. The result lists the instances that confirmed and those that are missing. An
 * instance that confirmed sends nothing more to an affected connection. An instance that was disconnected executes the command
 * when it is back.
 * @hideconstructor
 */
@Injectable()
export class RealtimeControl implements OnApplicationBootstrap {
  private readonly logger = new SafeLogger('Realtime');
  private readonly tenants: Tenants;

  constructor(
    private readonly bus: ControlBus,
    private readonly registry: ConnectionRegistry,
    private readonly reauthorization: Reauthorization,
    private readonly keeper: RevocationKeeper,
    private readonly subscriptions: UserSubscriptions,
    options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {
    this.tenants = new Tenants(options);
  }

  async onApplicationBootstrap(): Promise<void> {
    const following = this.bus.follow({
      execute: (command) => this.execute(command),
      missed: safely(
        'Catching up with control commands',
        coalesced(() => this.catchUp()),
      ),
    });
    this.subscriptions.here.start(following);
    await this.keeper.start(following);
  }

  /** Closes all connections of a user with 4403. The clients can reconnect with a valid token. @throws RealtimeUnavailableError */
  disconnectUser(
    userId: string,
    { by, require, ...whose }: TenantScope & Actor & Confirmation = {},
  ): Promise<ControlResult> {
    return this.send({ do: 'disconnect_user', userKey: this.userKeyOf(userId, whose), ...actorOf(by) }, require);
  }

  /** Closes all connections whose token has this `jti`: see {@link disconnectUser}. @throws RealtimeUnavailableError */
  disconnectSession(jti: string, { by, require }: Actor & Confirmation = {}): Promise<ControlResult> {
    return this.send({ do: 'disconnect_session', jti, ...actorOf(by) }, require);
  }

  /** Closes one connection with 4403. Its client can reconnect with a valid token. @throws RealtimeUnavailableError */
  disconnectConnection(connectionId: string, { by, require }: Actor & Confirmation = {}): Promise<ControlResult> {
    return this.send({ do: 'disconnect_connection', connectionId, ...actorOf(by) }, require);
  }

  /** Re-authorizes a user: subscriptions that are not allowed any more end with `access_revoked`. @throws RealtimeUnavailableError */
  reauthorizeUser(userId: string, { require, ...whose }: TenantScope & Confirmation = {}): Promise<ControlResult> {
    return this.send({ do: 'reauthorize_user', userKey: this.userKeyOf(userId, whose) }, require);
  }

  /**
   * Subscribes all connections of a user to a channel, on all instances, and those that open later. The subscription passes the
   * same policy, fields and tenant as a request of the client; `refusals` lists connections that did not. It is kept until
   * {@link unsubscribe}, a refusal, or 24 hours without a connection of the user; it is not kept if every connection is
   * refused. If this rejects with `RealtimeUnavailableError`, it may be kept: call it again, or `unsubscribe`.
   * @throws RangeError if the channel is not registered
   * @throws SubscriptionsFullError if the user has 100 subscriptions by the server
   * @throws RealtimeUnavailableError
   */
  subscribe(
    userId: string,
    channel: string,
    { require, ...whose }: TenantScope & Confirmation = {},
  ): Promise<SubscribeResult> {
    assertText(userId, 'userId');
    return confirmed(this.subscriptions.subscribe(this.userKeyOf(userId, whose), channel), require);
  }

  /**
   * Ends a channel on all connections of a user, on all instances, also if the client asked for it: `unsubscribed` with the reason
   * `by_server`. Connections that open later do not get it. The client can subscribe again if the policy allows it.
   * @throws RealtimeUnavailableError
   */
  unsubscribe(
    userId: string,
    channel: string,
    { require, ...whose }: TenantScope & Confirmation = {},
  ): Promise<ControlResult> {
    assertText(userId, 'userId');
    return confirmed(this.subscriptions.unsubscribe(this.userKeyOf(userId, whose), channel), require);
  }

  /**
   * Revokes the tokens of a user. Closes its connections with 4403, and rejects these tokens with `token_invalid` for
   * `revocationTtlMs`. If this rejects with `RealtimeUnavailableError`, only this instance knows the revocation: try again.
   * `issuedBefore` limits it to tokens issued before a time (by their `iat`, in whole seconds; a token without one counts as the
   * oldest). The default is now.
   * @throws RealtimeUnavailableError
   * @throws RevocationsFullError after the connections were closed
   */
  revokeUser(
    userId: string,
    { by, require, issuedBefore, ...whose }: TenantScope & Actor & Confirmation & { issuedBefore?: Timestamp } = {},
  ): Promise<ControlResult> {
    assertText(userId, 'userId');
    const before = this.momentBefore(issuedBefore);
    const revocation = {
      kind: 'user',
      id: this.userKeyOf(userId, whose),
      before,
      until: this.keeper.latestExpiry(before),
    } as const;
    return confirmed(this.keeper.revoke(revocation, by), require);
  }

  /**
   * Works like {@link revokeUser}, for the tokens with this `jti`. Pass the expiry of the token as `until`, so that the
   * revocation is not kept longer. Without `until`, it is estimated from the tokens of the session's connections on this
   * instance, or is `revocationTtlMs` from now if there are none.
   */
  revokeSession(
    jti: string,
    { by, require, until }: Actor & Confirmation & { until?: Timestamp } = {},
  ): Promise<ControlResult> {
    assertText(jti, 'jti');
    const session = sessionOfJti(jti);
    const now = this.clock.wall();
    const latest = this.keeper.latestExpiry(now);
    const end = until === undefined ? (this.endOfSession(session, now) ?? latest) : toMilliseconds(until, 'until');
    return confirmed(this.keeper.revoke({ kind: 'session', id: session, until: Math.min(end, latest) }, by), require);
  }

  /** Works like {@link revokeUser}, for the token of one connection on any instance. Does nothing if the connection is closed. */
  revokeConnection(connectionId: string, { by, require }: Actor & Confirmation = {}): Promise<ControlResult> {
    assertText(connectionId, 'connectionId');
    return this.send({ do: 'revoke_connection', connectionId, ...actorOf(by) }, require);
  }

  /** Works like {@link revokeUser}, for all users. Closes connections with 4401: clients get a new token and reconnect. */
  revokeAll({
    by,
    require,
    issuedBefore,
  }: Actor & Confirmation & { issuedBefore?: Timestamp } = {}): Promise<ControlResult> {
    const before = this.momentBefore(issuedBefore);
    return confirmed(this.keeper.revoke({ kind: 'all', before, until: this.keeper.latestExpiry(before) }, by), require);
  }

  private async send(command: ControlCommand, require?: 'all'): Promise<ControlResult> {
    assertSendable(command);
    return confirmed(this.bus.broadcast(command), require);
  }

  private async execute(command: ControlCommand): Promise<CommandOutcome> {
    switch (command.do) {
      case 'revoke':
        return this.keeper.accept(command.revocation, command.by);
      case 'load_revocations':
        await this.keeper.load();
        return 0;
      case 'restore_revocations':
        await this.keeper.restore();
        return 0;
      case 'revoke_connection':
        return this.revokeHere(command);
      case 'subscribe_user':
        return this.subscriptions.here.subscribe(command.userKey, command.channel);
      case 'unsubscribe_user':
        return this.subscriptions.here.unsubscribe(command.userKey, command.channel);
      case 'reauthorize_user': {
        const connections = [...this.registry.ofUser(command.userKey)];
        await this.reauthorization.reauthorizeAll(connections);
        return connections.length;
      }
      default:
        return closeAll(this.concernedBy(command), command.by);
    }
  }

  private async revokeHere({
    connectionId,
    by,
  }: {
    readonly connectionId: string;
    readonly by?: string;
  }): Promise<number> {
    const connection = this.registry.get(connectionId);
    if (connection === undefined || connection.closing) return 0;
    const { principal } = connection;
    if (principal === null) return closeAll([connection], by);
    const now = this.clock.wall();
    // A token without a jti is a separate session.
    const end = principal.jti === undefined ? principal.expiresAt : this.endOfSession(principal.session, now)!;
    const until = Math.min(end, this.keeper.latestExpiry(now));
    // Other instances get less time, because the confirmation of this instance waits for theirs.
    const { connections } = await this.keeper.revoke(
      { kind: 'session', id: principal.session, until },
      by,
      CONFIRM_MS / 2,
    );
    return connections;
  }

  /**
   * Returns the time at which all tokens of a session that exist now have expired, or `undefined` if none of them is connected
   * here. A token that is not connected can be newer than those that are; its lifetime is assumed to be the same.
   */
  private endOfSession(session: string, now: number): number | undefined {
    const ends = [...this.registry.ofSession(session)].map(({ principal }) =>
      Math.max(principal!.expiresAt, now + principal!.expiresAt - principal!.issuedAt),
    );
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  private async catchUp(): Promise<void> {
    await this.keeper.load();
    // The lost commands are unknown, so all subscriptions are authorized again.
    this.logger.warn('Control commands may have been missed: every subscription is re-authorized');
    await this.reauthorization.reauthorizeAll([...this.registry.all()]);
    await this.subscriptions.here.catchUp();
  }

  private concernedBy(
    command: Extract<ControlCommand, { do: 'disconnect_user' | 'disconnect_session' | 'disconnect_connection' }>,
  ): Iterable<Connection> {
    switch (command.do) {
      case 'disconnect_user':
        return this.registry.ofUser(command.userKey);
      case 'disconnect_session':
        return this.registry.ofSession(sessionOfJti(command.jti));
      case 'disconnect_connection': {
        const connection = this.registry.get(command.connectionId);
        return connection === undefined ? [] : [connection];
      }
    }
  }

  private userKeyOf(userId: string, { tenant }: TenantScope): string {
    try {
      return this.tenants.userKeyOf(userId, tenant);
    } catch (error) {
      throw error instanceof TenantError ? new TypeError(`tenant ${error.message}`) : error;
    }
  }

  /**
   * @throws TypeError if it is not a time
   * @throws RangeError for a time in the future, which would revoke tokens that were not issued yet
   */
  private momentBefore(issuedBefore: Timestamp | undefined): number {
    const now = this.clock.wall();
    const before = toMilliseconds(issuedBefore ?? now, 'issuedBefore');
    if (before > now + BEFORE_LEEWAY_MS) throw new RangeError('issuedBefore must not be in the future');
    return before;
  }
}

/** @returns the number of closed connections */
function closeAll(connections: Iterable<Connection>, by?: string): number {
  const open = [...connections].filter(({ closing }) => !closing);
  for (const connection of open) connection.close('accessRevoked', by);
  return open.length;
}
