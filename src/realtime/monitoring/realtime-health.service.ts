import { Injectable } from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import { RedisBridge } from '../delivery/redis-bridge.service.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { RevocationKeeper } from '../cluster/control/revocation-keeper.js';
import { RealtimeServer } from '../gateway/realtime-server.js';

/** Readiness of an instance. */
export interface RealtimeHealthReport {
  /**
   * `ok`: send clients and requests here. `draining`: the instance is shutting down. `unavailable`: events cannot be
   * published or received, tokens cannot be verified, or revocations may be missing.
   */
  readonly status: 'ok' | 'draining' | 'unavailable';
  /** `up` if events can be published and received; always `up` without Redis. */
  readonly broker: 'up' | 'down';
  /** `up` if tokens can be verified. */
  readonly tokens: 'up' | 'down';
  /** `stale` if the latest revocations may be missing because Redis is unavailable; always `current` without Redis. */
  readonly revocations: 'current' | 'stale';
  /** Reason for a status other than `ok`, as a sentence for operators. */
  readonly reason?: string;
  /**
   * Time since this instance last received its own self-ping through Redis pub/sub, in milliseconds. It is sent every 5
   * s. Absent without Redis.
   */
  readonly selfPingAgeMs?: number;
  /** Number of events that wait for Redis to acknowledge them; `queuedBytes` is their size. */
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** Number of open connections. */
  readonly connections: number;
}

/**
 * Reports the readiness of this instance, not its liveness. Without Redis an instance keeps its connections and retries,
 * so it must not be restarted.
 * @hideconstructor
 */
@Injectable()
export class RealtimeHealth {
  constructor(
    private readonly bridge: RedisBridge,
    private readonly auth: AuthService,
    private readonly revocations: RevocationKeeper,
    private readonly server: RealtimeServer,
    private readonly registry: ConnectionRegistry,
  ) {}

  /** Returns the current state without any I/O. Never throws. */
  check(): RealtimeHealthReport {
    const { status: broker, brokerHealth } = this.bridge;
    const { selfPingAgeMs, queuedEvents, queuedBytes } = brokerHealth;
    const tokens = this.auth.status;
    const revocations = this.revocations.status;
    const details = {
      broker: broker.up ? ('up' as const) : ('down' as const),
      tokens: tokens.up ? ('up' as const) : ('down' as const),
      revocations: revocations.up ? ('current' as const) : ('stale' as const),
      ...(selfPingAgeMs === null ? {} : { selfPingAgeMs }),
      ...{ queuedEvents, queuedBytes, connections: this.registry.size },
    };
    if (this.server.draining) {
      return { status: 'draining', reason: 'The instance is draining its connections to shut down', ...details };
    }
    const reasons = [broker, tokens, revocations].flatMap(({ up, reason }) => (up ? [] : [reason ?? 'unknown']));
    if (reasons.length === 0) return { status: 'ok', ...details };
    return { status: 'unavailable', reason: reasons.join('. '), ...details };
  }
}
