import { Injectable } from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { RevocationKeeper } from '../control/revocation-keeper.js';
import { RealtimeServer } from '../gateway/realtime-server.js';

/** What an instance says of its readiness. */
export interface RealtimeHealthReport {
  /** `ok`: send clients and requests here. `draining`: it is about to end. `unavailable`: events do not go through, tokens cannot be verified, or revocations may be unknown here. */
  readonly status: 'ok' | 'draining' | 'unavailable';
  /** Whether events go through; always `up` without Redis. */
  readonly broker: 'up' | 'down';
  /** Whether tokens can be verified. */
  readonly tokens: 'up' | 'down';
  /** `stale` while this instance may not know the latest revocations, because it is cut off from Redis; always `current` without Redis. */
  readonly revocations: 'current' | 'stale';
  /** Why it is not `ok`, as a sentence for operators. */
  readonly reason?: string;
  /** How long ago this instance heard itself through Redis's pub/sub, in milliseconds; absent without Redis. A beat goes out every 5 s. */
  readonly selfPingAgeMs?: number;
  /** Events that wait for Redis to acknowledge them, and their bytes. */
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** Connections that are open. */
  readonly connections: number;
}

/**
 * Whether this instance can do its work: for readiness. It says nothing about liveness: an instance whose Redis is away
 * keeps its connections, goes on trying, and must not be restarted for that.
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

  /** Looks at what is known: asks nobody, and never throws. */
  check(): RealtimeHealthReport {
    const { status: broker, brokerHealth } = this.bridge;
    const { selfPingAgeMs, queuedEvents, queuedBytes } = brokerHealth;
    const tokens = this.auth.status;
    const revocations = this.revocations.status;
    const figures = {
      broker: broker.up ? ('up' as const) : ('down' as const),
      tokens: tokens.up ? ('up' as const) : ('down' as const),
      revocations: revocations.up ? ('current' as const) : ('stale' as const),
      ...(selfPingAgeMs === null ? {} : { selfPingAgeMs }),
      ...{ queuedEvents, queuedBytes, connections: this.registry.size },
    };
    if (this.server.draining) {
      return { status: 'draining', reason: 'It sends its connections away, and ends', ...figures };
    }
    const reasons = [broker, tokens, revocations].flatMap(({ up, reason }) => (up ? [] : [reason ?? 'unknown']));
    if (reasons.length === 0) return { status: 'ok', ...figures };
    return { status: 'unavailable', reason: reasons.join('. '), ...figures };
  }
}
