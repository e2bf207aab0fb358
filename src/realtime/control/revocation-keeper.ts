import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { bounded, RevocationsFullError, subjectOf, type Revocation } from '../auth/revocation.js';
import { concerns, isWithin, Revocations } from '../auth/revocations.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import type { BrokerStatus } from '../broker/broker.js';
import { RealtimeClock } from '../clock/realtime-clock.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { runSafely, safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { arrivesWithin } from './arrives-within.js';
import { UNKNOWN_INSTANCE, type ControlResult } from './acks.js';
import { ControlBus } from './control-bus.js';
import { assertSendable } from './control-command.js';
import { RevocationStore } from './revocation-store.js';

/** How long the start waits for Redis, and then for what it and the living instances know, in milliseconds. */
const FIRST_LOAD_MS = 1_000;
const ASK_MS = 4_000;
/** How often an instance looks whether the store lost its data, in milliseconds. */
const WATCH_MS = 2_000;
/** Revocations that are written back at a time. */
const BATCH = 500;

interface Applied {
  /** The number of connections that were closed. */
  readonly connections: number;
  readonly full: RevocationsFullError | null;
  /** The sessions of tokens that can count as issued after the revocation: each is to be revoked, too. */
  readonly ahead: readonly Revocation[];
}

/**
 * Keeps the revocations of this instance and those of the store the same: loads what is new, writes back what the store
 * lost, and closes the connections that a revocation concerns.
 */
@Injectable()
export class RevocationKeeper implements OnApplicationShutdown {
  private readonly logger = new SafeLogger('Realtime');
  /** The incarnation of the store that this instance is in sync with; `null` while revocations may be missing here. */
  private lineage: string | null = null;
  private loading: Promise<boolean> | null = null;
  private nextLoad: Promise<boolean> | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: ControlBus,
    private readonly bridge: RedisBridge,
    private readonly registry: ConnectionRegistry,
    private readonly revocations: Revocations,
    private readonly store: RevocationStore,
    private readonly options: ResolvedRealtimeOptions,
    private readonly clock: RealtimeClock,
  ) {}

  /** Returns `up: false` while revocations may be missing on this instance: for readiness. */
  get status(): BrokerStatus {
    if (this.bus.isAlone || (this.bridge.status.up && this.lineage !== null)) return { up: true };
    return {
      up: false,
      reason: 'This instance may not know the latest revocations: it has not loaded them from Redis',
    };
  }

  /**
   * Loads what the store and the living instances know. A token that was revoked before this instance started is invalid
   * on its first connection. Resolves without them when Redis does not answer in time: `status` reports that.
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

  /** When a token that is issued at this moment, or exists by then, has ended for certain. */
  latestExpiry(moment: number): number {
    // A token without an end is never forgotten.
    return this.options.jwt.allowWithoutExpiry ? Infinity : moment + this.options.revocationTtlMs;
  }

  /**
   * Revokes on every instance: closes connections first, then stores.
   * @throws RangeError, before anything is done, for a revocation that other instances would refuse
   * @throws RevocationsFullError after the connections were closed
   * @throws RealtimeUnavailableError when neither the store nor the other instances could be reached
   */
  async revoke(revocation: Revocation, by?: string, withinMs?: number): Promise<ControlResult> {
    const actor = by === undefined ? {} : { by };
    assertSendable({ do: 'revoke', revocation, ...actor });
    const superseded = this.revocations.like(revocation);
    const { connections, full, ahead } = this.apply(revocation, by);
    const merged = this.revocations.like(revocation) ?? revocation;
    const [stored] = await Promise.allSettled([this.store.add(merged, superseded)]);
    const sending = this.bus.broadcast({ do: 'revoke', revocation: merged, ...actor }, withinMs);
    // After it in the log of commands: the result counts each connection that an instance closes for the revocation itself.
    this.revokeEach(ahead, by);
    const [sent] = await Promise.allSettled([sending]);
    const refusal: unknown = stored.status === 'rejected' ? stored.reason : null;
    if (full !== null) throw full;
    if (refusal instanceof RevocationsFullError) throw refusal;
    if (sent.status === 'fulfilled') return { ...sent.value, connections: sent.value.connections + connections };
    // A stored revocation reaches the other instances as soon as they reach Redis.
    if (refusal !== null) throw refusal;
    return { confirmed: [this.bus.instanceId], missing: [UNKNOWN_INSTANCE], connections };
  }

  /** Carries out the revocation of another instance. @returns the number of connections that it closed */
  accept(revocation: Revocation, by?: string): number {
    const now = this.clock.wall();
    const acceptable = bounded(revocation, now, this.latestExpiry(now));
    if (acceptable === null) throw new Error('it revokes tokens that were not issued yet');
    const { connections, full, ahead } = this.apply(acceptable, by);
    this.revokeEach(ahead, by);
    if (full !== null) this.logger.warn(full.message);
    return connections;
  }

  /** Loads what the store holds, and writes back what it lost. @returns false when it could not be asked */
  load(): Promise<boolean> {
    if (this.loading === null) return (this.loading = this.run());
    // A load in progress may have read the store before the latest change.
    this.nextLoad ??= this.loading.then(() => {
      this.nextLoad = null;
      return (this.loading = this.run());
    });
    return this.nextLoad;
  }

  /** {@link load}, if the store lost its data since. */
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
      const stored = await this.merge(await this.store.all());
      const lost = [...this.revocations].filter((known) => {
        const there = stored.get(subjectOf(known));
        return there === undefined || !isWithin(known, there);
      });
      for (let at = 0; at < lost.length; at += BATCH) {
        await Promise.all(lost.slice(at, at + BATCH).map((known) => this.writeBack(known, stored)));
      }
      this.lineage = lineage;
      // The start does not wait for it.
      if (lost.length > 0) this.bus.broadcast({ do: 'load_revocations' }).catch(() => undefined);
      return true;
    } catch (error) {
      // The broker logs that Redis is down; this is done again as soon as it is back.
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
      if (acceptable === null) continue; // it is forged
      const subject = subjectOf(revocation);
      const other = bySubject.get(subject);
      if (other === undefined || isWithin(other, revocation)) bySubject.set(subject, revocation);
      if (!this.revocations.covers(acceptable)) this.accept(acceptable);
    }
    return bySubject;
  }

  private async writeBack(known: Revocation, stored: ReadonlyMap<string, Revocation>): Promise<void> {
    try {
      await this.store.add(known, stored.get(subjectOf(known)));
    } catch (error) {
      if (!(error instanceof RevocationsFullError)) throw error;
    }
  }

  /** A living instance that knows what the store lost writes it back before it answers. */
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
    // The others learn of these sessions later; this instance refuses their tokens from now on.
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
   * Returns true for a token that was issued shortly before a revocation. The clock of its issuer can be ahead within
   * the tolerance; its `iat` would then count as after the revocation. So the session is revoked as well.
   */
  private mayBeAhead(revocation: Revocation, { issuedAt }: Principal): boolean {
    return (
      revocation.kind !== 'session' && issuedAt >= revocation.before - this.options.jwt.clockToleranceSeconds * 1_000
    );
  }

  private candidates(revocation: Revocation): Iterable<Connection> {
    if (revocation.kind === 'all') return this.registry.all();
    return revocation.kind === 'user' ? this.registry.ofUser(revocation.id) : this.registry.ofSession(revocation.id);
  }
}

function close(connection: Connection, kind: Revocation['kind'], by?: string): void {
  if (kind !== 'all') {
    connection.close('accessRevoked', by);
    return;
  }
  // It covers all users, so clients can reconnect with a new token.
  connection.send({ type: 'error', code: 'token_invalid', message: 'The token was revoked: get a new one' });
  connection.close('unauthorized', by);
}
