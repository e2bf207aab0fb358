import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { ClusterSeal } from '../../auth/cluster-seal.js';
import type { Principal } from '../../auth/principal.js';
import { bounded, RevocationsFullError, subjectOf, type Revocation } from '../../auth/revocation.js';
import { concerns, isWithin, Revocations } from '../../auth/revocations.js';
import { RedisBridge } from '../../delivery/redis-bridge.service.js';
import type { BrokerStatus } from '../../broker/broker.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import type { Connection } from '../../connections/connection.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { ForeignData } from '../../observability/foreign-data.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { arrivesWithin } from './arrives-within.js';
import { UNKNOWN_INSTANCE, type ControlResult } from './control-bus.js';
import { ControlBus } from './control-bus.js';
import { assertSendable } from './control-command.js';
import { RevocationStore } from './revocation-store.js';
import { SealedRevocations } from './sealed-revocations.js';

/** How long the startup waits for Redis, and then for the revocations of the store and of running instances, in milliseconds. */
const FIRST_LOAD_MS = 1_000;
const ASK_MS = 4_000;
/** Interval of checks for lost data in the store, in milliseconds. */
const WATCH_MS = 2_000;
/** Number of revocations that are written back concurrently. */
const BATCH = 500;

interface Applied {
  /** Number of closed connections. */
  readonly connections: number;
  readonly full: RevocationsFullError | null;
  /** Sessions of tokens that may count as issued after the revocation. Each of them must be revoked, too. */
  readonly ahead: readonly Revocation[];
}

/**
 * Synchronizes the revocations of this instance with the store: loads new ones, writes back those that the store lost, and closes
 * the connections that they cover.
 */
@Injectable()
export class RevocationKeeper implements OnApplicationShutdown {
  private readonly logger = new SafeLogger('Realtime');
  /** The incarnation of the store that this instance is in sync with; `null` while revocations may be missing here. */
  private lineage: string | null = null;
  private loading: Promise<boolean> | null = null;
  private nextLoad: Promise<boolean> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private readonly stored: SealedRevocations;

  constructor(
    private readonly bus: ControlBus,
    private readonly bridge: RedisBridge,
    private readonly registry: ConnectionRegistry,
    private readonly revocations: Revocations,
    private readonly store: RevocationStore,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
    seal: ClusterSeal,
    foreign: ForeignData,
  ) {
    this.stored = new SealedRevocations(store, seal, foreign);
  }

  /** Readiness: down while revocations may be missing on this instance. */
  get status(): BrokerStatus {
    if (this.bus.isAlone || (this.bridge.status.up && this.lineage !== null)) return { up: true };
    return {
      up: false,
      reason: 'This instance may not know the latest revocations: it has not loaded them from Redis',
    };
  }

  /**
   * Loads the revocations of the store and of running instances, so that a token that was revoked before this instance started is
   * rejected on its first connection. If Redis does not answer in time, it resolves without them, and `status` reports that.
   * @param following resolves once commands reach this instance
   */
  async start(following: Promise<void>): Promise<void> {
    if (this.bus.isAlone) return;
    const reached = new Promise<void>((resolve) => {
      const load = safely('Loading revocations', async () => {
        this.lineage = null;
        if (await this.load()) resolve();
      });
      this.store.onReachable(load);
      load();
    });
    let asked = (): void => undefined;
    const answered = new Promise<void>((resolve) => (asked = resolve));
    safely('Asking other instances for revocations', () => reached.then(() => this.askOthers(following)).then(asked))();
    if (await arrivesWithin(reached, FIRST_LOAD_MS)) await arrivesWithin(answered, ASK_MS);
    this.timer = setInterval(
      safely('Synchronizing revocations', () => this.restore()),
      WATCH_MS,
    ).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Returns the time at which every token that is issued until this moment has expired. */
  latestExpiry(moment: number): number {
    // Revocations of tokens without expiry are kept forever.
    return this.options.jwt.allowWithoutExpiry ? Infinity : moment + this.options.revocationTtlMs;
  }

  /**
   * Revokes on all instances: closes connections first, then stores the revocation.
   * @throws RangeError for a revocation that other instances would reject, before anything is done
   * @throws RevocationsFullError after the connections were closed
   * @throws RealtimeUnavailableError if neither the store nor the other instances could be reached
   */
  async revoke(revocation: Revocation, by?: string, withinMs?: number): Promise<ControlResult> {
    const actor = by === undefined ? {} : { by };
    assertSendable({ do: 'revoke', revocation, ...actor });
    const superseded = this.revocations.ofSameSubject(revocation);
    const { connections, full, ahead } = this.apply(revocation, by);
    const merged = this.revocations.ofSameSubject(revocation) ?? revocation;
    const [stored] = await Promise.allSettled([this.stored.add(merged, superseded)]);
    const sending = this.bus.broadcast({ do: 'revoke', revocation: merged, ...actor }, withinMs);
    // Sent after the revocation itself, so that its result counts all connections that instances close.
    this.revokeEach(ahead, by);
    const [sent] = await Promise.allSettled([sending]);
    const refusal: unknown = stored.status === 'rejected' ? stored.reason : null;
    if (full !== null) throw full;
    if (refusal instanceof RevocationsFullError) throw refusal;
    if (sent.status === 'fulfilled') return { ...sent.value, connections: sent.value.connections + connections };
    // If the revocation was stored, other instances load it as soon as they reach Redis.
    if (refusal !== null) throw refusal;
    return { confirmed: [this.bus.instanceId], missing: [UNKNOWN_INSTANCE], connections };
  }

  /**
   * Applies the revocation of another instance.
   * @returns the number of closed connections
   */
  accept(revocation: Revocation, by?: string): number {
    const now = this.clock.wall();
    const acceptable = bounded(revocation, now, this.latestExpiry(now));
    if (acceptable === null) throw new Error('it revokes tokens that were not issued yet');
    const { connections, full, ahead } = this.apply(acceptable, by);
    this.revokeEach(ahead, by);
    if (full !== null) this.logger.warn(full.message);
    return connections;
  }

  /**
   * Loads the revocations of the store, and writes back those that it lost.
   * @returns false if the store is unavailable
   */
  load(): Promise<boolean> {
    if (this.loading === null) return (this.loading = this.run());
    // A load in progress may have read the store before the latest change.
    this.nextLoad ??= this.loading.then(() => {
      this.nextLoad = null;
      return (this.loading = this.run());
    });
    return this.nextLoad;
  }

  /** Calls {@link load} if the store has lost data since the last time. */
  async restore(): Promise<void> {
    if (!this.bridge.status.up) return;
    const lineage = await this.store.lineage().catch(() => this.lineage);
    if (lineage !== this.lineage) await this.load();
  }

  private run(): Promise<boolean> {
    return this.synchronise().finally(() => (this.loading = null));
  }

  private async synchronise(): Promise<boolean> {
    try {
      const lineage = await this.store.lineage();
      const stored = await this.merge(await this.stored.all());
      const lost = [...this.revocations].filter((known) => {
        const there = stored.get(subjectOf(known));
        return there === undefined || !isWithin(known, there);
      });
      for (let at = 0; at < lost.length; at += BATCH) {
        await Promise.all(lost.slice(at, at + BATCH).map((known) => this.writeBack(known, stored)));
      }
      this.lineage = lineage;
      // Not awaited: the startup must not wait for it.
      if (lost.length > 0) this.bus.broadcast({ do: 'load_revocations' }).catch(() => undefined);
      return true;
    } catch (error) {
      // The broker logs that Redis is down. The load is repeated as soon as Redis is back.
      this.logger.debug(`Revocations could not be loaded: ${(error as Error).message}`);
      return false;
    }
  }

  /** @returns the stored revocations by subject */
  private async merge(stored: readonly Revocation[]): Promise<ReadonlyMap<string, Revocation>> {
    const now = this.clock.wall();
    const latest = this.latestExpiry(now);
    const bySubject = new Map<string, Revocation>();
    for (const revocation of stored) {
      const acceptable = bounded(revocation, now, latest);
      if (acceptable === null) continue; // forged
      const subject = subjectOf(revocation);
      const other = bySubject.get(subject);
      if (other === undefined || isWithin(other, revocation)) bySubject.set(subject, revocation);
      if (!this.revocations.covers(acceptable)) this.accept(acceptable);
    }
    return bySubject;
  }

  private async writeBack(known: Revocation, stored: ReadonlyMap<string, Revocation>): Promise<void> {
    try {
      await this.stored.add(known, stored.get(subjectOf(known)));
    } catch (error) {
      if (!(error instanceof RevocationsFullError)) throw error;
    }
  }

  /** Asks running instances to restore lost revocations. They write them to the store before they confirm. */
  private async askOthers(following: Promise<void>): Promise<void> {
    await following;
    const { confirmed } = await this.bus.broadcast({ do: 'restore_revocations' });
    if (confirmed.some((instance) => instance !== this.bus.instanceId)) await this.load();
  }

  /** Adds a revocation, and closes the connections that it covers even if the limit of revocations is reached. */
  private apply(revocation: Revocation, by?: string): Applied {
    const full = this.remember(revocation);
    const now = this.clock.wall();
    const ahead: Revocation[] = [];
    let connections = 0;
    for (const connection of [...this.candidates(revocation)]) {
      const { closing, principal } = connection;
      if (closing || principal === null || !concerns(revocation, principal, now)) continue;
      close(connection, revocation.kind, by);
      connections += 1;
      if (!this.mayBeAhead(revocation, principal)) continue;
      const until = Math.min(principal.expiresAt, this.latestExpiry(now));
      ahead.push({ kind: 'session', id: principal.session, until });
    }
    // Other instances receive these sessions later. This instance rejects their tokens from now on.
    for (const session of ahead) this.remember(session);
    return { connections, full, ahead };
  }

  /** @returns the error if the limit is reached */
  private remember(revocation: Revocation): RevocationsFullError | null {
    try {
      this.revocations.add(revocation);
      return null;
    } catch (error) {
      if (error instanceof RevocationsFullError) return error;
      throw error;
    }
  }

  private revokeEach(sessions: readonly Revocation[], by?: string): void {
    for (const session of sessions) {
      runSafely('Revoking a recent token', () => this.revoke(session, by).then(() => undefined));
    }
  }

  /**
   * Returns true if a token was issued shortly before the revocation. If the clock of the issuer is ahead, within the tolerance,
   * its `iat` would later count as after the revocation. So its session is revoked as well.
   */
  private mayBeAhead(revocation: Revocation, { issuedAt, guest }: Principal): boolean {
    // Instances issue the tickets of guests, with a margin for their clocks: see GuestTickets.
    if (guest !== undefined) return false;
    return (
      revocation.kind !== 'session' && issuedAt >= revocation.before - this.options.jwt.clockToleranceSeconds * 1_000
    );
  }

  private candidates(revocation: Revocation): Iterable<Connection> {
    if (revocation.kind === 'all' || revocation.kind === 'guest') return this.registry.all();
    return revocation.kind === 'user' ? this.registry.ofUser(revocation.id) : this.registry.ofSession(revocation.id);
  }
}

function close(connection: Connection, kind: Revocation['kind'], by?: string): void {
  if (kind !== 'all') {
    connection.close('accessRevoked', by);
    return;
  }
  // The revocation covers all users, so clients can reconnect with a new token.
  connection.send({ type: 'error', code: 'token_invalid', message: 'The token was revoked: get a new one' });
  connection.close('unauthorized', by);
}
