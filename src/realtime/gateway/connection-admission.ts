import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../protocol/index.js';
import type { AuditLog } from './audit/audit-log.service.js';
import type { AuthService } from '../auth/auth.service.js';
import { limitedUserOf } from '../auth/guest.js';
import { digestCredential } from '../auth/token-source.js';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import { safely } from '../observability/run-safely.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import type { ClientAddress } from './client-address.js';
import { ConnectionSlots, type Slot } from './connection-slots.js';
import { HandshakeLimits, type Throttled } from './handshake-limits.js';
import { HandshakeTurns } from './handshake-turns.js';
import { HandshakeAuthenticator, type Identity } from './handshake-authenticator.js';
import { RefusedTokens } from './refused-tokens.js';
import { RejectedSockets } from './rejected-sockets.js';

/** Rejection of an upgrade with an HTTP status. */
export interface HttpRefusal {
  readonly status: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the metrics. */
  readonly outcome: string;
  /** For the log; only set if an operator should know. */
  readonly reason?: string;
}

/** An identity, an `error` that is sent after the upgrade, or a rejection without an upgrade. */
export type Decision = Identity | HttpRefusal;

type Refusal = Extract<Identity, { code: ErrorCode }>;

const UNAUTHORIZED = { status: '401 Unauthorized', headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } };

/** `Retry-After` of a draining instance, in seconds. Another instance accepts the client at once. */
export const DRAINING_RETRY_SECONDS = 1;
/** Rejection of every upgrade while the instance drains. */
export const DRAINING = unavailable('draining', undefined, DRAINING_RETRY_SECONDS);

/** Holder of the slot of a client until it emits `close`: a socket, or the response of a stream. */
export type SlotHolder = Pick<NodeJS.EventEmitter, 'on' | 'once'>;

/** The slot of a socket. A listener with a closure for each socket would need several times its memory. */
const SLOT = Symbol('slot');

type HolderOfSlot = SlotHolder & { [SLOT]?: Slot };

const releaseSlot = safely('The end of a handshake', function (this: HolderOfSlot): void {
  this[SLOT]?.release();
});

/** Decides which handshakes are accepted. Cheap checks come first, and all limits are checked before authentication. */
export class ConnectionAdmission {
  private readonly slots: ConnectionSlots;
  private readonly handshakeLimits: HandshakeLimits;
  private readonly authenticator: HandshakeAuthenticator;
  private readonly refusedTokens = new RefusedTokens();
  private readonly rejected: RejectedSockets;
  private readonly turns = new HandshakeTurns();

  constructor(
    auth: AuthService,
    private readonly options: ResolvedRealtimeOptions,
    private readonly auditLog: AuditLog,
    private readonly clock: RealtimeClock,
  ) {
    this.slots = new ConnectionSlots(options, performance.now());
    this.handshakeLimits = new HandshakeLimits(options);
    this.authenticator = new HandshakeAuthenticator(auth, options);
    this.rejected = new RejectedSockets(options);
  }

  /** Never rejects. The slot of the client is released when its holder closes. */
  async decide(request: IncomingMessage, holder: SlotHolder, client: ClientAddress): Promise<Decision> {
    const rejection = this.slots.rejection(performance.now());
    if (rejection !== null) return unavailable(rejection.outcome, rejection.reason);
    const digest = once(() => digestCredential(request));
    const throttled = this.handshakeLimits.enter(client, digest, this.clock.now());
    if (throttled !== null) return this.throttled(throttled);
    const slot = this.slots.acquire(client);
    if (typeof slot === 'string') {
      if (slot === 'tooManyConnections') this.handshakeLimits.refundInstance();
      return this.reject({ code: 'too_many_connections', close: slot }, holder, client, digest);
    }
    (holder as HolderOfSlot)[SLOT] = slot;
    holder.on('close', releaseSlot);
    await this.turns.next();
    const identity = await this.authenticator.authenticate(request);
    if (identity === null) {
      this.auditLog.refused('timed_out', { address: client.address, principal: null });
      return unavailable('timed_out', 'authenticating the client took too long (handshakeTimeoutMs)');
    }
    if (identity === 'foreignOrigin') {
      this.auditLog.refused('origin_refused', { address: client.address, principal: null });
      return { status: '403 Forbidden', outcome: 'origin_refused' };
    }
    if ('code' in identity) {
      slot.release();
      return this.reject(identity, holder, client, digest);
    }
    const user = limitedUserOf(identity.principal);
    const over = user === null ? null : this.handshakeLimits.enterAs(user, client, digest, this.clock.now());
    return over === null ? identity : this.throttled(over);
  }

  close(): void {
    this.slots.close();
  }

  /**
   * Rejects a client with an `error` frame over a WebSocket. Rejects the upgrade instead if the client repeats a refused
   * token, or if too many such sockets are open.
   */
  private reject(refusal: Refusal, holder: SlotHolder, client: ClientAddress, digest: () => string | null): Decision {
    const from = client.countedAs ?? client.address;
    const isRepeated = this.isRepeated(refusal.code, from, digest);
    if (!isRepeated && this.rejected.hold(holder, from)) return refusal;
    this.auditLog.refused(refusal.code, { address: client.address, principal: null });
    if (isRepeated) return { ...UNAUTHORIZED, outcome: 'token_repeated' };
    return { ...statusOf(refusal.code), outcome: refusal.code };
  }

  private isRepeated(code: ErrorCode, from: string, digest: () => string | null): boolean {
    if (code !== 'token_invalid' && code !== 'token_expired') return false;
    const credential = digest();
    return credential !== null && this.refusedTokens.isRepeated(from, credential, this.clock.now());
  }

  private throttled({ scope, retryAfterSeconds }: Throttled): HttpRefusal {
    const { handshakesPerSecond, handshakesPerSecondPerUser, maxConnectionsPerAddress } = this.options;
    const why = {
      user: `handshake rate limit of a user exceeded (handshakesPerSecondPerUser is ${handshakesPerSecondPerUser})`,
      address: `handshake rate limit of an address exceeded (maxConnectionsPerAddress is ${maxConnectionsPerAddress})`,
      instance: `handshake rate limit exceeded (handshakesPerSecond is ${handshakesPerSecond})`,
    }[scope];
    return unavailable('throttled', why, retryAfterSeconds);
  }
}

function unavailable(outcome: string, reason?: string, retryAfterSeconds = 2): HttpRefusal {
  const headers = { 'Retry-After': String(retryAfterSeconds) };
  return { status: '503 Service Unavailable', headers, outcome, ...(reason !== undefined && { reason }) };
}

/** Returns the HTTP status of a refusal without a WebSocket. */
function statusOf(code: ErrorCode): Pick<HttpRefusal, 'status' | 'headers'> {
  if (code === 'token_invalid' || code === 'token_expired') return UNAUTHORIZED;
  if (code === 'forbidden') return { status: '403 Forbidden' };
  return { status: '503 Service Unavailable', headers: { 'Retry-After': '2' } };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
