import type { Connection } from './connection.js';
import type { ConnectionRegistry } from './connection-registry.js';

/**
 * Looks after every connection with one timer: heartbeats, tokens that end, and tokens that never came.
 * Each look is a comparison of numbers per connection.
 */
export class Caretaker {
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly registry: ConnectionRegistry,
    private readonly heartbeatIntervalMs: number,
  ) {}

  start(): void {
    if (this.timer !== null) return;
    const everyMs = Math.min(250, Math.ceil(this.heartbeatIntervalMs / 4));
    this.timer = setInterval(() => this.look(performance.now(), Date.now()), everyMs).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** @param now `performance.now()` @param wallClock `Date.now()`, which tokens end by */
  look(now: number, wallClock: number): void {
    for (const connection of this.registry.all()) {
      if (connection.closing) continue;
      if (now >= connection.authDeadline) {
        refuse(connection, 'auth_required', 'Authentication took too long');
      } else if (connection.principal !== null && wallClock >= connection.principal.expiresAt) {
        refuse(connection, 'token_expired', 'The token has expired');
      } else if (now >= connection.heartbeatAt) {
        this.beat(connection, now);
      }
    }
  }

  private beat(connection: Connection, now: number): void {
    if (!connection.alive && !connection.socket.isPaused) {
      connection.close('heartbeatTimeout');
      return;
    }
    connection.alive = false;
    connection.heartbeatAt = now + this.heartbeatIntervalMs;
    connection.socket.ping();
  }
}

function refuse(connection: Connection, code: 'auth_required' | 'token_expired', message: string): void {
  connection.send({ type: 'error', code, message });
  connection.close('noValidToken');
}
