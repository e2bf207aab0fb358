import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { sessionOfJti, type Revocation } from '../auth/revocation.js';
import { Revocations } from '../auth/revocations.js';
import { RealtimeClock } from '../clock/realtime-clock.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { TenantError, Tenants } from '../tenants/tenants.js';
import type { Order } from './order.js';
import { OrderLog } from './order-log.js';
import { Reauthorization } from './reauthorization.js';
import { RevocationStore } from './revocation-store.js';

/** How long the start waits for the revocations that Redis remembers, in milliseconds. */
const FIRST_LOAD_MS = 1_000;

/** For the audit log. */
export interface OrderedBy {
  /** Who wants it: the id of an operator, or the name of a job. @default nobody is named */
  readonly by?: string;
}

/** With the option `tenants`: whose user it is. */
export interface OfTenant {
  /** `null` for a user of the platform who has no tenant. @default the tenant of the running code (`EventsPublisher.withTenant`) */
  readonly tenant?: string | null;
}

/** A moment: milliseconds since 1970, or a date. */
export type Moment = number | Date;

/**
 * Ends connections and tokens, and has rights judged anew, on every instance. Each method resolves once every instance
 * that can be reached has carried it out: nothing is sent to a connection concerned after that. An instance that was cut
 * off does so when it is back.
 * @hideconstructor
 */
@Injectable()
export class RealtimeControl implements OnApplicationBootstrap {
  private readonly logger = new SafeLogger('Realtime');
  private readonly tenants: Tenants;

  constructor(
    private readonly orders: OrderLog,
    private readonly registry: ConnectionRegistry,
    private readonly reauthorization: Reauthorization,
    private readonly revocations: Revocations,
    private readonly store: RevocationStore,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {
    this.tenants = new Tenants(options);
  }

  async onApplicationBootstrap(): Promise<void> {
    this.orders.follow({
      carryOut: (order) => this.carryOut(order),
      // Redis lost the log of orders, or this instance was away for longer than they are kept.
      missed: safely('Catching up with orders', () => this.catchUp()),
    });
    // Before anybody is let in: a token that was revoked before this instance started is no good here either.
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FIRST_LOAD_MS);
      const load = safely('Loading revocations', async () => {
        if (await this.load()) resolve();
      });
      this.store.onReachable(load);
      load();
    });
    clearTimeout(timer);
  }

  /** Closes every connection of a user with 4403; a good token may come back. @throws RealtimeUnavailableError */
  disconnectUser(userId: string, { by, ...whose }: OfTenant & OrderedBy = {}): Promise<void> {
    return this.orders.give({ do: 'disconnect_user', userKey: this.userKeyOf(userId, whose), ...orderedBy(by) });
  }

  /** Closes every connection whose token has this `jti` with 4403; a good token may come back. @throws RealtimeUnavailableError */
  disconnectSession(jti: string, { by }: OrderedBy = {}): Promise<void> {
    return this.orders.give({ do: 'disconnect_session', jti, ...orderedBy(by) });
  }

  /** Closes one connection with 4403; a good token may come back. @throws RealtimeUnavailableError */
  disconnectConnection(connectionId: string, { by }: OrderedBy = {}): Promise<void> {
    return this.orders.give({ do: 'disconnect_connection', connectionId, ...orderedBy(by) });
  }

  /** Has every subscription of a user judged anew; those that it may no longer have end with `access_revoked`. @throws RealtimeUnavailableError */
  judgeUser(userId: string, whose: OfTenant = {}): Promise<void> {
    return this.orders.give({ do: 'judge_user', userKey: this.userKeyOf(userId, whose) });
  }

  /**
   * Revokes the tokens of a user: its connections are closed with 4403, and such a token is `token_invalid` for as long as
   * `revocationTtlMs`. Where it rejects, it is revoked on this instance alone: try again.
   * @param about.issuedBefore only those issued before this moment (their `iat`, in whole seconds; without one, all). @default now
   * @throws RealtimeUnavailableError
   * @throws RevocationsFullError
   */
  revokeUser(userId: string, about: OfTenant & { issuedBefore?: Moment } = {}): Promise<void> {
    assertText(userId, 'userId');
    const before = toMilliseconds(about.issuedBefore ?? this.clock.wall(), 'issuedBefore');
    return this.revoke({ kind: 'user', id: this.userKeyOf(userId, about), before, until: this.endFrom(before) });
  }

  /**
   * {@link revokeUser} for the tokens with this `jti`.
   * @param about.until when the token ends by itself, so that it need not be remembered longer. @default `revocationTtlMs` from now
   */
  revokeSession(jti: string, about: { until?: Moment } = {}): Promise<void> {
    assertText(jti, 'jti');
    const until = about.until === undefined ? this.endFrom(this.clock.wall()) : toMilliseconds(about.until, 'until');
    return this.revoke({ kind: 'session', id: sessionOfJti(jti), until });
  }

  /** {@link revokeUser} for the token of one connection, wherever it is; nothing where it is gone already. */
  revokeConnection(connectionId: string): Promise<void> {
    assertText(connectionId, 'connectionId');
    return this.orders.give({ do: 'revoke_connection', connectionId });
  }

  /** {@link revokeUser} for everybody. Connections are closed with 4401: clients get a new token, and come back with it. */
  revokeAll(about: { issuedBefore?: Moment } = {}): Promise<void> {
    const before = toMilliseconds(about.issuedBefore ?? this.clock.wall(), 'issuedBefore');
    return this.revoke({ kind: 'all', before, until: this.endFrom(before) });
  }

  private async revoke(revocation: Revocation): Promise<void> {
    const superseded = this.revocations.like(revocation);
    this.apply(revocation);
    const merged = this.revocations.like(revocation)!;
    await this.store.add(merged, superseded);
    await this.orders.give({ do: 'revoke', revocation: merged });
  }

  private async carryOut(order: Order): Promise<void> {
    switch (order.do) {
      case 'revoke':
        this.apply(order.revocation);
        return;
      case 'load_revocations':
        await this.load();
        return;
      case 'revoke_connection': {
        const principal = this.registry.get(order.connectionId)?.principal;
        if (!principal) return this.closeAll(this.concernedBy(order));
        const until = Math.min(principal.expiresAt, this.endFrom(this.clock.wall()));
        await this.revoke({ kind: 'session', id: principal.session, until });
        return;
      }
      case 'judge_user':
        await this.reauthorization.ordered([...this.concernedBy(order)]);
        return;
      default:
        this.closeAll(this.concernedBy(order), order.by);
    }
  }

  private closeAll(connections: Iterable<Connection>, by?: string): void {
    for (const connection of [...connections]) connection.close('accessRevoked', by);
  }

  /** Remembers it, and ends the connections that it concerns, at once. */
  private apply(revocation: Revocation): void {
    this.revocations.add(revocation);
    const candidates = revocation.kind === 'user' ? this.registry.ofUser(revocation.id) : this.registry.all();
    this.endRevoked([...candidates], revocation.kind);
  }

  private endRevoked(connections: readonly Connection[], kind: Revocation['kind']): void {
    for (const connection of connections) {
      if (connection.closing || connection.principal === null || !this.revocations.revokes(connection.principal))
        continue;
      if (kind !== 'all') {
        connection.close('accessRevoked');
        continue;
      }
      // Not what somebody did, but what happened to all: who gets a fresh token is welcome.
      connection.send({ type: 'error', code: 'token_invalid', message: 'The token was revoked: get a new one' });
      connection.close('noValidToken');
    }
  }

  /** Learns what the store remembers, and gives back to it what it lost. @returns whether it could be asked */
  private async load(): Promise<boolean> {
    try {
      const stored = await this.store.all();
      for (const revocation of stored) this.revocations.add(revocation);
      this.endRevoked([...this.registry.all()], 'session');
      const known = new Set(stored.map((revocation) => JSON.stringify(revocation)));
      const lost = [...this.revocations].filter((revocation) => !known.has(JSON.stringify(revocation)));
      for (const revocation of lost) await this.store.add(revocation);
      // Nobody waits for that: it would hold up the start.
      if (lost.length > 0) this.orders.give({ do: 'load_revocations' }).catch(() => undefined);
      return true;
    } catch (error) {
      // Redis is away, which the broker logs; as soon as it is back, this is done again.
      this.logger.debug(`Revocations could not be loaded: ${(error as Error).message}`);
      return false;
    }
  }

  private async catchUp(): Promise<void> {
    await this.load();
    // What was ordered meanwhile is not known: nobody keeps a subscription that the policies do not grant now.
    this.logger.warn('Orders of other instances may have been missed: every subscription is judged anew');
    await this.reauthorization.ordered([...this.registry.all()]);
  }

  private concernedBy(order: Exclude<Order, { do: 'revoke' | 'load_revocations' }>): Iterable<Connection> {
    switch (order.do) {
      case 'disconnect_user':
      case 'judge_user':
        return this.registry.ofUser(order.userKey);
      case 'disconnect_session':
        return [...this.registry.all()].filter(({ principal }) => principal?.jti === order.jti);
      case 'disconnect_connection':
      case 'revoke_connection': {
        const connection = this.registry.get(order.connectionId);
        return connection === undefined ? [] : [connection];
      }
    }
  }

  private userKeyOf(userId: string, { tenant }: OfTenant): string {
    try {
      return this.tenants.userKeyOf(userId, tenant);
    } catch (error) {
      throw error instanceof TenantError ? new TypeError(`tenant ${error.message}`) : error;
    }
  }

  /** Until when tokens that were issued at this moment have to be remembered. */
  private endFrom(moment: number): number {
    // A token without an end is never forgotten.
    return this.options.jwt.allowWithoutExpiry ? Infinity : moment + this.options.revocationTtlMs;
  }
}

function orderedBy(by: string | undefined): OrderedBy {
  return by === undefined ? {} : { by };
}

function toMilliseconds(moment: Moment, name: string): number {
  const milliseconds = Number(moment);
  if (!Number.isFinite(milliseconds)) throw new TypeError(`${name} must be a date, or milliseconds since 1970`);
  return milliseconds;
}

function assertText(value: string, name: string): void {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name} must be a text that is not empty`);
}
