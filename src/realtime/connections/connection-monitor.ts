import type { CloseName } from '../../protocol/index.js';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import { safely } from '../observability/run-safely.js';
import type { BufferGuard } from './buffer-guard.js';
import type { Connection } from './connection.js';
import type { ConnectionRegistry } from './connection-registry.js';
import { PacedRounds } from './paced-rounds.js';

/** The options that the monitor uses. */
export interface MonitorLimits {
  readonly heartbeatIntervalMs: number;
  readonly anonymousTimeoutMs: number;
  readonly reconnectSpreadMs: number;
}

/** Time between two checks of a connection, in milliseconds. It is longer if the checks themselves take too long. */
const MAX_ROUND_MS = 250;

/**
 * Checks all connections with a single timer: heartbeats, expired tokens, missing tokens, incomplete messages, and the total of
 * the send buffers. Each check only compares a few numbers per connection, and many connections are checked in short pieces.
 */
export class ConnectionMonitor {
  private timer: NodeJS.Timeout | null = null;
  private readonly rounds: PacedRounds<Connection>;
  /** The time of the current piece, by both clocks. */
  private now = 0;
  private wallClock = 0;

  constructor(
    private readonly registry: Pick<ConnectionRegistry, 'all' | 'size'>,
    private readonly buffers: BufferGuard,
    private readonly limits: MonitorLimits,
    private readonly clock: RealtimeClock,
  ) {
    const roundMs = Math.min(MAX_ROUND_MS, Math.ceil(limits.heartbeatIntervalMs / 4));
    const visit = (connection: Connection): void => {
      buffers.sample(connection);
      this.check(connection);
    };
    this.rounds = new PacedRounds(registry, roundMs, visit, () => buffers.endRound());
    clock.onAdvance(() => this.checkAll());
  }

  start(): void {
    if (this.timer === null) this.schedule(this.rounds.pauseMs);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private schedule(afterMs: number): void {
    this.timer = setTimeout(this.onPiece, afterMs).unref();
  }

  private readonly onPiece = safely('The check of connections', () => {
    let { pauseMs } = this.rounds;
    try {
      this.readClock();
      pauseMs = this.rounds.next();
    } finally {
      this.schedule(pauseMs);
    }
  });

  /** Tests advance the clock: then all connections are checked at once. */
  private checkAll(): void {
    this.readClock();
    this.buffers.check();
    for (const connection of this.registry.all()) this.check(connection);
  }

  private readClock(): void {
    this.now = this.clock.now();
    this.wallClock = this.clock.wall();
  }

  private check(connection: Connection): void {
    const { now, wallClock } = this;
    if (connection.closing) return;
    if (now >= connection.authDeadline) {
      refuse(connection, 'auth_required', 'No valid token received in time');
    } else if (connection.principal !== null && wallClock >= connection.principal.expiresAt) {
      refuse(connection, 'token_expired', 'The token has expired');
    } else if (connection.principal === null && now - connection.since >= this.limits.anonymousTimeoutMs) {
      // A random delay, so that clients that connected together do not reconnect together.
      connection.sendReconnect(Math.round(Math.random() * this.limits.reconnectSpreadMs));
      connection.close('anonymousTimeout');
    } else if (now >= connection.heartbeatAt) {
      this.sendHeartbeat(connection, now);
    }
  }

  private sendHeartbeat(connection: Connection, now: number): void {
    const why = reasonToClose(connection);
    if (why !== null) {
      connection.close(why);
      return;
    }
    connection.alive = false;
    connection.partialMessageAfter = connection.transport.hasPartialMessage ? connection.messages : null;
    connection.heartbeatAt = now + this.limits.heartbeatIntervalMs;
    connection.transport.ping();
  }
}

function reasonToClose(connection: Connection): CloseName | null {
  // The server paused reading from this connection, so a missing pong says nothing about the client.
  if (connection.transport.isPaused) return null;
  if (!connection.alive) return 'heartbeatTimeout';
  const isTheSame = connection.partialMessageAfter === connection.messages && connection.transport.hasPartialMessage;
  return isTheSame ? 'tooManyFragments' : null;
}

function refuse(connection: Connection, code: 'auth_required' | 'token_expired', message: string): void {
  connection.send({ type: 'error', code, message });
  connection.close('unauthorized');
}
