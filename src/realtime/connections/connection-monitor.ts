import type { CloseName } from '../../protocol/index.js';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import { safely } from '../observability/run-safely.js';
import type { BufferGuard } from './buffer-guard.js';
import type { Connection } from './connection.js';
import type { ConnectionRegistry } from './connection-registry.js';

/** The options that the monitor uses. */
export interface MonitorLimits {
  readonly heartbeatIntervalMs: number;
  readonly anonymousTimeoutMs: number;
  readonly reconnectSpreadMs: number;
}

/**
 * Checks all connections with a single timer: heartbeats, expired tokens, missing tokens, incomplete messages, and the total of
 * the send buffers. Each check only compares a few numbers per connection.
 */
export class ConnectionMonitor {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly buffers: BufferGuard,
    private readonly limits: MonitorLimits,
    private readonly clock: RealtimeClock,
  ) {
    clock.onAdvance(() => this.check());
  }

  start(): void {
    if (this.timer !== null) return;
    const everyMs = Math.min(250, Math.ceil(this.limits.heartbeatIntervalMs / 4));
    this.timer = setInterval(
      safely('The check of connections', () => this.check()),
      everyMs,
    ).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private check(): void {
    const now = this.clock.now();
    const wallClock = this.clock.wall();
    this.buffers.check();
    for (const connection of this.registry.all()) {
      if (connection.closing) continue;
      if (now >= connection.authDeadline) {
        refuse(connection, 'auth_required', 'No valid token received in time');
      } else if (connection.principal !== null && wallClock >= connection.principal.expiresAt) {
        refuse(connection, 'token_expired', 'The token has expired');
      } else if (connection.principal === null && now - connection.since >= this.limits.anonymousTimeoutMs) {
        // A random delay, so that clients that connected together do not reconnect together.
        connection.send({ type: 'reconnect', afterMs: Math.round(Math.random() * this.limits.reconnectSpreadMs) });
        connection.close('anonymousTimeout');
      } else if (now >= connection.heartbeatAt) {
        this.sendHeartbeat(connection, now);
      }
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
