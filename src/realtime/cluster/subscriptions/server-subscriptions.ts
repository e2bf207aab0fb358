import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { ErrorCode } from '../../../protocol/index.js';
import { ChannelCatalogue } from '../../channels/channel-catalogue.js';
import type { Connection } from '../../connections/connection.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { RedisBridge } from '../../delivery/redis-bridge.service.js';
import { runSafely, safely } from '../../observability/run-safely.js';
import { coalesced } from '../../timing/coalesced.js';
import { RealtimeClock } from '../../timing/realtime-clock.js';
import { retry, sleep } from '../../timing/retry.js';
import { withTimeout } from '../../timing/with-timeout.js';
import { MAX_REFUSALS, type SubscribeOutcome, type SubscribeRefusal } from '../control/control-command.js';
import { Reauthorization } from '../control/reauthorization.js';
import { RENEW_MS, StoredSubscriptions } from './stored-subscriptions.js';

/** Subscribes a connection like a request of its client. @returns the code of the refusal; `null` if it is subscribed */
export type ServerSubscriber = (
  connection: Connection,
  channel: string,
  isWanted: () => boolean,
) => Promise<ErrorCode | null>;

/** Time limit of a command for one connection, in milliseconds. Shorter than the time limit for its confirmation. */
const DECISION_MS = 1_500;
/** Pause before the store is asked again, in milliseconds. */
const LOAD_RETRY_MS = 2_000;
/** Delay of the first retry of a subscription, and maximum delay, in milliseconds. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;
/** Interval of the check whether a renewal is due, in milliseconds. */
const CHECK_MS = 60_000;

/** Refusals after which the server tries again. */
const LATER: ReadonlySet<ErrorCode> = new Set(['unavailable', 'internal', 'rate_limited']);
/** Refusals that end a stored subscription. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['forbidden', 'unknown_channel']);

/** A subscription of the server that is being made. */
interface Attempt {
  readonly connection: Connection;
  readonly channel: string;
  /** The user whose stored subscription it is; `null` for `autoSubscribe`. */
  readonly userKey: string | null;
  isCancelled: boolean;
}

/** A running read of the store. */
interface Load {
  readonly userKey: string;
  /** Channels that were removed since the read began. */
  readonly removed: Set<string>;
}

/**
 * Makes the subscriptions that clients did not ask for: those of channels with `autoSubscribe`, and those of
 * `RealtimeControl.subscribe`. A connection without any costs nothing here.
 */
@Injectable()
export class ServerSubscriptions implements OnApplicationShutdown {
  /** Set by the gateway. */
  subscriber: ServerSubscriber = async () => 'unavailable';
  private readonly attempts = new Set<Attempt>();
  private readonly loads = new Set<Load>();
  /** Stored channels of users with a connection to this instance, by user key. */
  private readonly held = new Map<string, Set<string>>();
  /** False only while the store has no entry: then connections do not read it. */
  private isUsed = true;
  private sawCommand = false;
  private renewAt = Infinity;
  private isShutDown = false;
  private timer: NodeJS.Timeout | null = null;
  private readonly renewHeld = coalesced(() => this.renewAll());

  constructor(
    private readonly catalogue: ChannelCatalogue,
    private readonly registry: ConnectionRegistry,
    private readonly bridge: RedisBridge,
    private readonly stored: StoredSubscriptions,
    private readonly clock: RealtimeClock,
    reauthorization: Reauthorization,
  ) {
    reauthorization.onRefused = (connection, channel) => {
      const userKey = connection.principal?.userKey;
      if (userKey !== undefined && this.held.get(userKey)?.has(channel) === true) this.drop(userKey, channel);
    };
    clock.onAdvance(() => this.check());
  }

  onApplicationShutdown(): void {
    this.isShutDown = true;
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** Finds out if connections have to read the store. @param following resolves once commands reach this instance */
  start(following: Promise<void>): void {
    runSafely('Reading whether the store has subscriptions', async () => {
      await following;
      const isUsed = await retry(
        () => this.stored.isUsed(),
        LOAD_RETRY_MS,
        () => this.isShutDown,
      );
      // The first entry may have been stored after the read. Its command has arrived, or will.
      this.isUsed = isUsed !== false || this.sawCommand;
    });
  }

  /** Subscribes a connection that was just authenticated, or is anonymous. */
  onConnected(connection: Connection): void {
    const { principal } = connection;
    for (const channel of this.catalogue.autoSubscribedFor(principal)) this.begin(connection, channel, null);
    if (principal !== null && this.isUsed) this.beginLoad(connection, principal.userKey);
  }

  /** Subscribes all connections of a user to this instance. The entry is stored already. */
  async subscribe(userKey: string, channel: string): Promise<SubscribeOutcome> {
    this.isUsed = this.sawCommand = true;
    const open = [...this.registry.ofUser(userKey)].filter(({ closing }) => !closing);
    const refusals: SubscribeRefusal[] = [];
    await Promise.all(
      open.map(async (connection) => {
        const trying = this.attempt(connection, channel, userKey);
        const code = await withTimeout(trying, DECISION_MS, (): ErrorCode => 'unavailable');
        if (code !== null) refusals.push({ connectionId: connection.id, code });
      }),
    );
    return { connections: open.length - refusals.length, refusals: refusals.slice(0, MAX_REFUSALS) };
  }

  /**
   * Ends a channel on all connections of a user to this instance, with any cause. The entry is removed already.
   * @returns the number of connections that had it
   */
  unsubscribe(userKey: string, channel: string): number {
    this.release(userKey, channel);
    for (const load of this.loads) if (load.userKey === userKey) load.removed.add(channel);
    for (const attempt of this.attempts) {
      if (attempt.userKey === userKey && attempt.channel === channel) attempt.isCancelled = true;
    }
    let connections = 0;
    for (const connection of [...this.registry.ofUser(userKey)]) {
      const subscription = connection.subscriptions.get(channel);
      // Without a decision it is still being created: by a cancelled attempt, or by a later request of the client.
      if (subscription?.decidedFor === undefined) continue;
      this.bridge.detach(subscription);
      connection.send({ type: 'unsubscribed', channel, reason: 'by_server' });
      connections += 1;
    }
    return connections;
  }

  /** Reads the store for all connected users, after commands may have been lost. */
  async catchUp(): Promise<void> {
    if (!this.isUsed && !(await this.stored.isUsed())) return;
    this.isUsed = true;
    for (const connection of [...this.registry.all()]) {
      if (connection.principal !== null) await this.load(connection, connection.principal.userKey);
    }
  }

  private begin(connection: Connection, channel: string, userKey: string | null): void {
    runSafely('A subscription of the server', async () => {
      const code = await this.attempt(connection, channel, userKey);
      if (code !== null && userKey !== null && FINAL.has(code)) this.drop(userKey, channel);
    });
  }

  /** Tries once, and again later if it could not be decided. @returns the result of the first try */
  private async attempt(connection: Connection, channel: string, userKey: string | null): Promise<ErrorCode | null> {
    const attempt: Attempt = { connection, channel, userKey, isCancelled: false };
    this.attempts.add(attempt);
    const code = await this.try(attempt);
    if (code !== null && LATER.has(code)) runSafely('A subscription of the server', () => this.tryAgain(attempt));
    else this.attempts.delete(attempt);
    return code;
  }

  private async tryAgain(attempt: Attempt): Promise<void> {
    let code: ErrorCode | null = 'unavailable';
    for (let failures = 0; code !== null && LATER.has(code); failures += 1) {
      // Spread over half of the delay: connections that failed together do not try together.
      await sleep(Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2));
      if (this.isShutDown || attempt.isCancelled || attempt.connection.closing) break;
      code = await this.try(attempt);
    }
    this.attempts.delete(attempt);
    if (code !== null && attempt.userKey !== null && FINAL.has(code)) this.drop(attempt.userKey, attempt.channel);
  }

  private async try(attempt: Attempt): Promise<ErrorCode | null> {
    const { connection, channel, userKey } = attempt;
    const code = await this.subscriber(connection, channel, () => !attempt.isCancelled);
    if (code === null && userKey !== null && !attempt.isCancelled && !connection.closing) this.hold(userKey, channel);
    return code;
  }

  private beginLoad(connection: Connection, userKey: string): void {
    runSafely('Reading the subscriptions of a user', () => this.load(connection, userKey));
  }

  private async load(connection: Connection, userKey: string): Promise<void> {
    const load: Load = { userKey, removed: new Set() };
    this.loads.add(load);
    const isOver = (): boolean => this.isShutDown || connection.closing;
    const channels = await retry(() => this.stored.of(userKey), LOAD_RETRY_MS, isOver);
    this.loads.delete(load);
    if (isOver()) return;
    for (const channel of channels ?? []) if (!load.removed.has(channel)) this.begin(connection, channel, userKey);
  }

  /** Removes a stored subscription after a refusal, unless another connection of the user has it: then the token is the reason. */
  private drop(userKey: string, channel: string): void {
    for (const { subscriptions } of this.registry.ofUser(userKey)) if (subscriptions.has(channel)) return;
    this.release(userKey, channel);
    runSafely('Removing a refused subscription', () => this.stored.remove(userKey, channel));
  }

  private hold(userKey: string, channel: string): void {
    const channels = this.held.get(userKey);
    if (channels === undefined) this.held.set(userKey, new Set([channel]));
    else channels.add(channel);
    if (this.timer !== null) return;
    this.renewAt = this.clock.now() + RENEW_MS;
    this.timer = setInterval(
      safely('Renewing the subscriptions of users', () => this.check()),
      CHECK_MS,
    ).unref();
  }

  private release(userKey: string, channel: string): void {
    const channels = this.held.get(userKey);
    channels?.delete(channel);
    if (channels?.size === 0) this.held.delete(userKey);
  }

  private check(): void {
    if (this.isShutDown || this.clock.now() < this.renewAt) return;
    this.renewAt = this.clock.now() + RENEW_MS;
    runSafely('Renewing the subscriptions of users', this.renewHeld);
  }

  private async renewAll(): Promise<void> {
    try {
      for (const userKey of [...this.held.keys()]) {
        if (this.registry.ofUser(userKey).size === 0) this.held.delete(userKey);
        else await this.stored.of(userKey);
      }
    } catch (error) {
      this.renewAt = 0; // with the next check
      throw error;
    }
  }
}
