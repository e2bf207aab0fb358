import type { IncomingMessage } from 'node:http';
import type { RawData } from 'ws';
import type { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import { Connection } from '../connections/connection.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { Transport } from '../connections/transport.js';
import type { Counters } from '../observability/counters.js';
import { runSafely } from '../observability/run-safely.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import type { RealtimeClock } from '../timing/realtime-clock.js';
import type { AuditLog } from './audit/audit-log.service.js';
import type { ClientAddress } from './client-address.js';

/** Receives every frame of every connection. Must not throw. */
export interface FrameHandler {
  message(connection: Connection, data: RawData, isBinary: boolean): void;
  ping(connection: Connection, data: Buffer): void;
  pong(connection: Connection): void;
}

/** Names of entry points, for the log. */
const CONNECT = 'A callback for a new connection';
const DISCONNECT = 'A callback for a connection that ended';

/** Opens and ends connections over any transport. A transport passes the frames of its client to {@link frames}. */
export class ConnectionLifecycle {
  /** Called for each new connection. */
  readonly onConnect: ((connection: Connection, request: IncomingMessage) => void)[] = [];
  /** Handler of all frames. */
  frames!: FrameHandler;
  /** Called when the last connection has ended. */
  onEmpty: (() => void) | null = null;
  private readonly onClose = new WeakMap<Connection, ((code: number) => void)[]>();

  constructor(
    private readonly options: ResolvedRealtimeOptions,
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
    private readonly auditLog: AuditLog,
    private readonly auth: AuthService,
    private readonly clock: RealtimeClock,
  ) {}

  /**
   * Opens a connection for an admitted client, and calls back. The transport then reports its frames and its end.
   * @param id its unique id; default: a random one
   */
  open(
    transport: Transport,
    request: IncomingMessage,
    principal: Principal | null,
    { address, countedAs }: ClientAddress,
    id?: string,
  ): Connection {
    this.counters.handshakes.add('accepted');
    const { options, counters } = this;
    const now = this.clock.now();
    const connection = new Connection(transport, address, principal, options, this.closeSlow, counters, now, id);
    connection.countedAs = countedAs;
    connection.namedTenant = this.auth.tenantNamedBy(request);
    for (const callback of this.onConnect) runSafely(CONNECT, () => callback(connection, request));
    return connection;
  }

  /** Ends a connection whose transport has closed. */
  end(connection: Connection, code: number): void {
    connection.closing = true;
    this.counters.countClosed(code);
    connection.sendBuffer.end();
    const isKnown = this.registry.get(connection.id) !== undefined;
    if (isKnown) runSafely('The audit log', () => this.auditLog.disconnected(connection, code));
    for (const callback of this.onClose.get(connection) ?? []) runSafely(DISCONNECT, () => callback(code));
    if (this.registry.size === 0) this.onEmpty?.();
  }

  /** Calls back once, with the close code, when the connection has ended. */
  onDisconnect(connection: Connection, callback: (code: number) => void): void {
    const callbacks = this.onClose.get(connection);
    if (callbacks) callbacks.push(callback);
    else this.onClose.set(connection, [callback]);
  }

  private readonly closeSlow = (connection: Connection): void => {
    if (connection.closing) return;
    this.counters.slowConsumersClosed += 1;
    this.counters.byTenant.add(connection.principal?.tenant ?? null, 'slowConsumersClosed');
    connection.close('slowConsumer');
  };
}
