import type { Cluster, Redis } from 'ioredis';
import { runSafely, safely } from '../../observability/run-safely.js';
import { SafeLogger } from '../../observability/safe-logger.js';
import { release, unrefConnections } from './client.js';

/** Delay between two attempts: doubles from 50 ms to 1 s, ± 50 %. */
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 1_000;
/** Name of the connection in the log. */
const SUBJECT = 'The connection to Redis';

/** A connection that lasted longer than this resets the delay, in milliseconds. */
const STABLE_MS = 2_000;

/** Callbacks of the owner of a connection. */
export interface ConnectionHooks<T> {
  /** Prepares a new connection. It counts as up once this resolves. If this rejects, the connection is closed. */
  prepare(client: T): Promise<void>;
  /** The connection is up. */
  up(): void;
  /** The connection is lost. All commands pending on it were rejected. */
  down(reason: string): void;
}

/** Maintains one connection: creates it, passes it to its owner, and replaces it when it is lost, retrying until it succeeds. */
export class ConnectionSupervisor<T extends Redis | Cluster> {
  /** The connection; `null` while it is not up. */
  client: T | null = null;
  /** Reason why the connection is not up, for operators. */
  reason = 'it was not reached yet';
  private readonly logger = new SafeLogger('Realtime');
  private raw: T | null = null;
  private timer: NodeJS.Timeout | null = null;
  private attempt = 0;
  private upSince = 0;
  private closed = false;
  private hasLogged = false;

  constructor(
    private readonly name: string,
    private readonly connect: (attempt: number) => Promise<T>,
    private readonly hooks: ConnectionHooks<T>,
  ) {}

  start(): void {
    runSafely(SUBJECT, () => this.open());
  }

  /** Closes the connection and creates another one. */
  reset(reason: string): void {
    if (this.raw !== null) this.onLost(this.raw, reason);
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.raw !== null) this.onLost(this.raw, 'it was closed');
  }

  private async open(): Promise<void> {
    this.timer = null;
    this.attempt += 1;
    try {
      const client = await this.connect(this.attempt);
      if (this.closed) {
        release(client);
        return;
      }
      unrefConnections(client);
      this.raw = client;
      // A client that has already closed emits no `end` any more.
      client.once(
        'end',
        safely(SUBJECT, () => this.onLost(client, 'the connection was lost')),
      );
      if (client.status !== 'ready') throw new Error('the connection was lost');
      await this.hooks.prepare(client);
      if (this.raw !== client) return;
      this.client = client;
      this.upSince = performance.now();
      if (this.hasLogged) this.logger.log(`Redis (${this.name}): connected again`);
      this.hasLogged = false;
      this.hooks.up();
    } catch (error) {
      if (this.raw === null) this.retry((error as Error).message);
      else this.onLost(this.raw, (error as Error).message);
    }
  }

  private onLost(client: T, reason: string): void {
    if (this.raw !== client) return;
    this.raw = null;
    if (this.client !== null && performance.now() - this.upSince > STABLE_MS) this.attempt = 0;
    this.client = null;
    release(client);
    this.hooks.down(reason);
    this.retry(reason);
  }

  private retry(reason: string): void {
    this.reason = reason;
    if (this.closed || this.timer !== null) return;
    // Logs one line per outage, not one per attempt.
    if (!this.hasLogged) this.logger.warn(`Redis (${this.name}) is unavailable: ${reason}. Retrying until it answers`);
    this.hasLogged = true;
    const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(10, this.attempt)) * (0.5 + Math.random());
    this.timer = setTimeout(
      safely(SUBJECT, () => this.open()),
      delay,
    ).unref();
  }
}
