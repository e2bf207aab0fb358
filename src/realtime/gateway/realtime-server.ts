import { Injectable, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingMessage, Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { CLOSE_CODES, ERROR_CODES, ProtocolError, type CloseName, type ErrorCode } from '../../protocol/index.js';
import { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import { chooseSubprotocol } from '../auth/token-source.js';
import { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { FanOut } from '../connections/fan-out.js';
import { Counters } from '../observability/counters.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { OriginGate } from './origin-gate.js';
import { refuseUpgrade, routeUpgrades } from './upgrade-router.js';

/** Takes every frame of every connection. It must not throw. */
export type FrameHandler = (connection: Connection, data: RawData, isBinary: boolean) => void;

/** Why an upgrade that was accepted is told an error and closed at once. */
interface Refusal {
  readonly code: ErrorCode;
  readonly close: CloseName;
}

type Identity = { readonly principal: Principal | null } | Refusal;

const FULL: Refusal = { code: 'too_many_connections', close: 'instanceFull' };

/** How long a client that is turned away with 503 should wait, in seconds. */
const RETRY_AFTER_SECONDS = '2';

type Socket = WebSocket & { connection?: Connection };

/**
 * The WebSocket server of the module: upgrades requests whose identity is settled, and turns sockets into connections.
 * The application's HTTP server is attached by itself; `attach` adds another, for example an HTTPS one.
 */
@Injectable()
export class RealtimeServer {
  /** Whether this instance is about to end: readiness should say 503. */
  draining = false;

  readonly path: string;
  private readonly logger = new Logger('Realtime');
  private readonly webSockets: WebSocketServer;
  private readonly origins: OriginGate;
  private readonly detachers = new Map<Server | HttpsServer, () => void>();
  private readonly onConnect: ((connection: Connection, request: IncomingMessage) => void)[] = [];
  private readonly onClose = new WeakMap<Connection, ((reason: number) => void)[]>();
  private handleFrame: FrameHandler = () => undefined;
  private onEmpty: (() => void) | null = null;

  constructor(
    private readonly options: ResolvedRealtimeOptions,
    private readonly auth: AuthService,
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
    private readonly fanOut: FanOut,
    private readonly host: HttpAdapterHost,
  ) {
    this.path = options.path;
    this.origins = new OriginGate(options.origins);
    this.webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.maxFrameBytes,
      closeTimeout: options.closeTimeoutMs,
      handleProtocols: chooseSubprotocol,
    } as ConstructorParameters<typeof WebSocketServer>[0]);
  }

  /** Serves the path on one more HTTP or HTTPS server, with the same connections. Attaching it twice changes nothing. */
  attach(server: Server | HttpsServer): void {
    if (this.detachers.has(server)) return;
    const detach = routeUpgrades(server, this.path, (request, socket, head) => {
      void this.upgrade(request, socket, head);
    });
    this.detachers.set(server, detach);
  }

  /** Serves the path on the application's own HTTP server. */
  attachToApplication(): void {
    this.attach(this.host.httpAdapter.getHttpServer() as Server);
  }

  /** Calls back for each new connection. */
  onConnection(callback: (connection: Connection, request: IncomingMessage) => void): void {
    this.onConnect.push(callback);
  }

  /** Calls back once, with the close code, when this connection is gone. */
  onDisconnect(connection: Connection, callback: (code: number) => void): void {
    const callbacks = this.onClose.get(connection);
    if (callbacks) callbacks.push(callback);
    else this.onClose.set(connection, [callback]);
  }

  /** Sets who takes the frames. */
  onFrame(handler: FrameHandler): void {
    this.handleFrame = handler;
  }

  /**
   * Ends every connection in good order: new ones are turned away at once; after `drainDelayMs` each is told when to come
   * back, spread evenly over `reconnectSpreadMs`, and closed once what was queued for it is sent.
   * @param delayMs how long the load balancer has to notice
   */
  async drain(delayMs: number): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    if (delayMs > 0) await new Promise((resolve) => void setTimeout(resolve, delayMs));
    this.fanOut.flushAll();
    const connections = [...this.registry.all()];
    if (connections.length === 0) return;
    this.logger.log(`Draining ${connections.length} connections`);
    const gone = new Promise<void>((resolve) => (this.onEmpty = resolve));
    for (const [index, connection] of connections.entries()) {
      const afterMs = Math.round((index / connections.length) * this.options.reconnectSpreadMs);
      connection.send({ type: 'reconnect', afterMs });
      connection.close('restarting');
    }
    await gone;
  }

  /** Stops serving. Connections that are still open are cut off. */
  async close(): Promise<void> {
    this.draining = true;
    for (const detach of this.detachers.values()) detach();
    this.detachers.clear();
    for (const connection of this.registry.all()) connection.socket.terminate();
    await new Promise<void>((resolve) => this.webSockets.close(() => resolve()));
  }

  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Nobody listens for errors between the upgrade and the handshake: a reset in between would end the process.
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    if (this.draining) return this.turnAway(socket);
    if (!(await this.origins.admits(request))) {
      this.counters.handshakes.add('origin_refused');
      return refuseUpgrade(socket, '403 Forbidden');
    }
    const identity = await this.identify(request);
    if (socket.destroyed) return;
    // A drain that began meanwhile does not know of this one, and would wait for it for ever.
    if (this.draining) return this.turnAway(socket);
    this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', ignore);
      this.accept(webSocket, request, identity);
    });
  }

  private async identify(request: IncomingMessage): Promise<Identity> {
    if (this.registry.size >= this.options.maxConnections) {
      return FULL;
    }
    try {
      const principal = await this.auth.identify(request);
      // Others may have come in while this one was looked at.
      return this.registry.size < this.options.maxConnections ? { principal } : FULL;
    } catch (error) {
      if (error instanceof ProtocolError) return { code: error.code, close: 'noValidToken' };
      this.logger.error('Identifying a client failed', error);
      return { code: 'internal', close: 'internal' };
    }
  }

  private turnAway(socket: Duplex): void {
    this.counters.handshakes.add('draining');
    refuseUpgrade(socket, '503 Service Unavailable', { 'Retry-After': RETRY_AFTER_SECONDS });
  }

  private accept(webSocket: Socket, request: IncomingMessage, identity: Identity): void {
    // A protocol violation is an `error` event followed by the right close: nothing else is to be done about it.
    webSocket.on('error', () => undefined);
    if ('code' in identity) {
      const { code, reason } = CLOSE_CODES[identity.close];
      this.counters.handshakes.add(identity.code);
      const frame = { type: 'error', code: identity.code, message: ERROR_CODES[identity.code].message } as const;
      this.counters.countSent(frame);
      webSocket.send(JSON.stringify({ ...frame, timestamp: new Date().toISOString() }));
      webSocket.close(code, reason);
      return;
    }
    this.counters.handshakes.add('accepted');
    const address = request.socket.remoteAddress ?? '';
    const connection = new Connection(
      webSocket,
      address,
      identity.principal,
      this.options,
      this.closeSlow,
      this.counters,
    );
    webSocket.connection = connection;
    webSocket.on('message', this.received);
    webSocket.on('pong', signOfLife);
    webSocket.on('ping', signOfLife);
    webSocket.on('close', this.closed);
    for (const callback of this.onConnect) callback(connection, request);
  }

  // One function for all connections each: the socket says whose it is.
  private readonly received = ((server: RealtimeServer) =>
    function (this: Socket, data: RawData, isBinary: boolean): void {
      server.handleFrame(this.connection!, data, isBinary);
    })(this);

  private readonly closed = ((server: RealtimeServer) =>
    function (this: Socket, code: number): void {
      const connection = this.connection!;
      connection.closing = true;
      server.counters.countClosed(code);
      connection.outbox.end();
      for (const callback of server.onClose.get(connection) ?? []) callback(code);
      if (server.registry.size === 0) server.onEmpty?.();
    })(this);

  private readonly closeSlow = (connection: Connection): void => {
    if (connection.closing) return;
    this.counters.slowConsumersClosed += 1;
    connection.close('slowConsumer');
  };
}

function signOfLife(this: Socket): void {
  this.connection!.alive = true;
}
