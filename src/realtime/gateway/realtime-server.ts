import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { CLOSE_CODES, ERROR_CODES } from '../../protocol/index.js';
import { limitedUserOf } from '../auth/guest.js';
import { AuthService } from '../auth/auth.service.js';
import { AuditLog } from './audit/audit-log.service.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { FanOut } from '../delivery/fan-out.js';
import { releaseInflate, WebSocketTransport } from '../connections/web-socket-transport.js';
import { InstanceHealth } from '../cluster/instances/instance-health.js';
import { Counters } from '../observability/counters.js';
import { LogLimiter } from '../observability/log-limiter.js';
import { safely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { applicationServer } from './application-server.js';
import { AttachedServers } from './attached-servers.js';
import { ClientAddresses, type ClientAddress } from './client-address.js';
import { ConnectionLifecycle } from './connection-lifecycle.js';
import {
  ConnectionAdmission,
  DRAINING,
  type Decision,
  type HttpRefusal,
  type SlotHolder,
} from './connection-admission.js';
import { afterItsCalls, atTimes, departureTimes } from './departures.js';
import type { Identity, Refusal } from './handshake-authenticator.js';
import { upgradeProblem } from './upgrade-problem.js';
import { refuseUpgrade } from './upgrade-router.js';
import { webSocketServer } from './web-socket-server.js';

type Socket = WebSocket & { connection?: Connection };

/** An admitted client, or its refusal. */
export type Admission = (Exclude<Identity, Refusal> & { readonly client: ClientAddress }) | Refusal | HttpRefusal;

/**
 * WebSocket server of the module: upgrades authenticated requests, and turns sockets into connections. The application's
 * HTTP server is attached automatically; `attach` adds another server, for example an HTTPS one.
 * @hideconstructor
 */
@Injectable()
export class RealtimeServer {
  readonly path: string;
  private readonly logger = new SafeLogger('Realtime');
  private readonly webSockets: WebSocketServer;
  private readonly servers: AttachedServers;
  /** Connections over any transport. @internal */
  readonly connections: ConnectionLifecycle;
  private readonly admission: ConnectionAdmission;
  private readonly addresses: ClientAddresses;
  private readonly log = new LogLimiter(this.logger);

  constructor(
    private readonly options: ResolvedRealtimeOptions,
    auth: AuthService,
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
    private readonly fanOut: FanOut,
    private readonly host: HttpAdapterHost,
    private readonly auditLog: AuditLog,
    clock: RealtimeClock,
    private readonly health: InstanceHealth,
  ) {
    this.path = options.path;
    this.connections = new ConnectionLifecycle(options, registry, counters, auditLog, auth, clock);
    this.admission = new ConnectionAdmission(auth, options, auditLog, clock);
    this.addresses = new ClientAddresses(options.trustedProxies);
    this.servers = new AttachedServers(options, (...upgrade) => this.upgrade(...upgrade));
    this.webSockets = webSocketServer(options);
  }

  /** True while this instance drains. Readiness should answer 503 then. */
  get draining(): boolean {
    return this.health.draining;
  }

  /** Serves the path on another HTTP or HTTPS server, with the same connections. Attaching a server twice has no effect. */
  attach(server: Server | HttpsServer): void {
    this.servers.attach(server);
  }

  /** Serves the path on the application's HTTP server. A process without one (a microservice) only publishes events. */
  attachToApplication(): void {
    const server = applicationServer(this.host);
    if (server !== null) this.attach(server);
  }

  /** True if the path is served on at least one HTTP server. */
  get isAttached(): boolean {
    return this.servers.size > 0;
  }

  /** Calls back for each new connection. */
  onConnection(callback: (connection: Connection, request: IncomingMessage) => void): void {
    this.connections.onConnect.push(callback);
  }

  /** Calls back once, with the close code, when the connection has ended. */
  onDisconnect(connection: Connection, callback: (code: number) => void): void {
    this.connections.onDisconnect(connection, callback);
  }

  /**
   * Drains the instance: refuses new connections at once, and after `delayMs` closes each connection at its own time
   * within `reconnectSpreadMs`. Until then it delivers as before, so a client is without a connection only for as long as
   * it takes to connect to another instance.
   * @param delayMs time for the load balancer to notice
   * @param published resolves after the last events of this instance
   */
  async drain(delayMs: number, published: Promise<void> = Promise.resolve()): Promise<void> {
    if (this.draining) return;
    this.health.draining = true;
    this.servers.endKeepAlive();
    if (delayMs > 0) await new Promise((resolve) => void setTimeout(resolve, delayMs));
    await published;
    const connections = [...this.registry.all()];
    if (connections.length === 0) return;
    const users = connections.map(({ principal }) => limitedUserOf(principal));
    const times = departureTimes(users, this.options);
    const lastMs = times.reduce((last, atMs) => Math.max(last, atMs), 0);
    this.logger.log(`Draining ${connections.length} connections within ${Math.ceil(lastMs)} ms`);
    const gone = new AbortController();
    this.connections.onEmpty = () => gone.abort();
    await atTimes(times, gone.signal, (due) => {
      this.fanOut.flushAll();
      for (const index of due) {
        const connection = connections[index]!;
        afterItsCalls(connection, () => {
          if (connection.closing) return;
          connection.sendReconnect(0);
          connection.close('restarting');
        });
      }
    });
    if (!gone.signal.aborted) await once(gone.signal, 'abort');
  }

  /** Stops serving. Connections that are still open are terminated. */
  async close(): Promise<void> {
    this.health.draining = true;
    this.admission.close();
    for (const connection of this.registry.all()) connection.transport.terminate();
    await new Promise<void>((resolve) => this.webSockets.close(() => resolve()));
    await this.servers.detachAll(); // last, because Nest closes the HTTP server next
  }

  /**
   * Decides about a client of another transport like about an upgrade. The client counts until `holder` emits `close`.
   * @internal
   */
  async admit(request: IncomingMessage, holder: SlotHolder, isUnixSocket: () => boolean): Promise<Admission> {
    const client = this.addresses.of(request, isUnixSocket);
    const decision = await this.decide(request, holder, client);
    if ('status' in decision) this.countRefusal(decision);
    else if ('code' in decision) this.refused(decision, client);
    else return { ...decision, client };
    return decision;
  }

  private async upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    isUnixSocket: () => boolean,
  ): Promise<void> {
    // Without an error listener between the upgrade and the handshake, a reset would end the process.
    socket.on('error', ignore);
    const problem = upgradeProblem(request);
    if (problem !== null) return refuseUpgrade(socket, problem.status, problem.headers, problem.message);
    const client = this.addresses.of(request, isUnixSocket);
    const decision = await this.decide(request, socket, client);
    if (socket.destroyed) return;
    if ('status' in decision) return this.refuse(socket, decision);
    this.finish(request, socket, head, decision, client);
  }

  private async decide(request: IncomingMessage, holder: SlotHolder, client: ClientAddress): Promise<Decision> {
    if (this.draining) return DRAINING;
    const decision = await this.admission.decide(request, holder, client);
    // A drain that began meanwhile does not include this connection, and would wait for it forever.
    return this.draining ? DRAINING : decision;
  }

  private finish(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    identity: Identity,
    client: ClientAddress,
  ): void {
    // The answer to the upgrade and the first frame are sent in one write: `ws` upgrades and Nest calls back within this
    // turn.
    socket.cork();
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', ignore);
      this.accept(webSocket, request, identity, client);
    });
    socket.uncork();
  }

  private refuse(socket: Duplex, refusal: HttpRefusal): void {
    this.countRefusal(refusal);
    refuseUpgrade(socket, refusal.status, refusal.headers);
  }

  private countRefusal({ status, outcome, reason }: HttpRefusal): void {
    this.counters.handshakes.add(outcome);
    if (reason !== undefined)
      this.log.warn(reason.split(' (')[0]!, `New clients are refused with ${status}: ${reason}`);
  }

  private accept(webSocket: Socket, request: IncomingMessage, identity: Identity, client: ClientAddress): void {
    // After a protocol violation `ws` emits `error` and closes the connection with the right code. There is nothing else
    // to do.
    webSocket.on('error', () => undefined);
    if ('code' in identity) {
      const { code, reason } = CLOSE_CODES[identity.close];
      this.refused(identity, client);
      const frame = {
        type: 'error',
        code: identity.code,
        message: identity.message ?? ERROR_CODES[identity.code].message,
      } as const;
      this.counters.countSent(frame);
      webSocket.send(JSON.stringify({ ...frame, timestamp: new Date().toISOString() }));
      webSocket.close(code, reason);
      return;
    }
    webSocket.connection = this.connections.open(
      new WebSocketTransport(webSocket),
      request,
      identity.principal,
      client,
    );
    webSocket.on('message', this.received);
    webSocket.on('ping', this.pinged);
    webSocket.on('pong', this.ponged);
    webSocket.on('close', this.closed);
  }

  private refused({ code }: Refusal, { address }: ClientAddress): void {
    this.counters.handshakes.add(code);
    this.auditLog.refused(code, { address, principal: null });
  }

  // Each handler is one function for all connections. The socket has its connection.
  private readonly received = ((server: RealtimeServer) =>
    safely(
      'A frame',
      function (this: Socket, data: RawData, isBinary: boolean): void {
        server.connections.frames.message(this.connection!, data, isBinary);
        if (server.options.compression) releaseInflate(this);
      },
      terminate,
    ))(this);

  private readonly pinged = ((server: RealtimeServer) =>
    safely(
      'A ping',
      function (this: Socket, data: Buffer): void {
        server.connections.frames.ping(this.connection!, data);
      },
      terminate,
    ))(this);

  private readonly ponged = ((server: RealtimeServer) =>
    safely(
      'A pong',
      function (this: Socket): void {
        server.connections.frames.pong(this.connection!);
      },
      terminate,
    ))(this);

  private readonly closed = ((server: RealtimeServer) =>
    safely('The end of a connection', function (this: Socket, code: number): void {
      server.connections.end(this.connection!, code);
    }))(this);
}

function ignore(): void {}

function terminate(this: WebSocket): void {
  this.terminate();
}
