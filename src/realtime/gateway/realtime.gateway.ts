import type { BeforeApplicationShutdown } from '@nestjs/common';
import {
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import type { RawData } from 'ws';
import {
  BINARY_FRAME,
  decodeClientFrame,
  MAX_TARGETS,
  ProtocolError,
  type CloseName,
  type Decoded,
  type ErrorCode,
} from '../../protocol/index.js';
import { AuditLog } from './audit/audit-log.service.js';
import { AuthService } from '../auth/auth.service.js';
import { Revocations } from '../auth/revocations.js';
import { findChannels } from '../auth/token-source.js';
import { RedisBridge } from '../delivery/redis-bridge.service.js';
import { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { BufferGuard } from '../connections/buffer-guard.js';
import { ConnectionMonitor } from '../connections/connection-monitor.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { FrameQueue, type FrameHandler } from '../connections/frame-queue.js';
import { Reauthorization } from '../cluster/control/reauthorization.js';
import { ServerSubscriptions } from '../cluster/subscriptions/server-subscriptions.js';
import { ClusterStatsService } from '../cluster/instances/cluster-stats.service.js';
import { TenantStats } from '../cluster/instances/tenant-stats.js';
import { Counters } from '../observability/counters.js';
import { runSafely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { RequestBudget } from '../timing/request-budget.js';
import { RealtimeCommandService } from '../commands/realtime-commands.service.js';
import { RealtimeHookService } from '../hooks/realtime-hooks.service.js';
import { OccupancyService } from '../occupancy/occupancy.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { PresenceService } from '../presence/presence.service.js';
import { FinalEvents } from '../publishing/final-events.js';
import { inTenant } from '../tenants/current-tenant.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { sleep } from '../timing/retry.js';
import type { Services } from './commands/command.js';
import { COMMANDS } from './commands/index.js';
import { serverSubscriber } from './commands/subscribe-by-server.js';
import { configurationWarnings } from './configuration-warnings.js';
import { isWithinConnectionLimits } from './connection-limits.js';
import { abandonMessages, MessageRunner } from './message-runner.js';
import { RealtimeServer } from './realtime-server.js';
import { costOfReading } from './request-cost.js';
import { RenewalLimits } from './renewal-limits.js';
import { sendConnected } from './send-connected.js';
import { sendError } from './send-error.js';

/** Created once, because errors are expensive and a flood would need thousands. */
const RATE_LIMITED = new ProtocolError('rate_limited');
const OVER_BUDGET = new ProtocolError('rate_limited', {
  message: 'The requests of this client exceed its budget: try again later',
});

const GUESTS_ONLY_RECEIVE = new ProtocolError('forbidden', {
  message: 'Guests cannot send messages of the application',
});

const CHANNELS_TOO_LONG = new ProtocolError('invalid_message', {
  details: [{ field: 'channels', message: 'must not be longer than a frame (maxFrameBytes): send a subscribe frame' }],
});

/**
 * WebSocket gateway of the module: receives connections and frames, and delegates them to services. It decides nothing
 * itself. All errors are caught here and become `error` frames.
 * @hideconstructor
 */
@WebSocketGateway({ path: '/ws' })
export class RealtimeGateway
  implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect, BeforeApplicationShutdown
{
  private readonly logger = new SafeLogger('Realtime');
  private readonly services: Services;
  private readonly monitor: ConnectionMonitor;
  private readonly frames: FrameHandler<Connection>;
  private readonly messages: MessageRunner;
  private readonly maxTargets: number;

  constructor(
    auth: AuthService,
    policy: ChannelPolicyService,
    private readonly registry: ConnectionRegistry,
    private readonly bridge: RedisBridge,
    private readonly presence: PresenceService,
    reauthorization: Reauthorization,
    serverSubscriptions: ServerSubscriptions,
    private readonly stats: ClusterStatsService,
    tenantStats: TenantStats,
    private readonly server: RealtimeServer,
    private readonly revocations: Revocations,
    private readonly options: ResolvedRealtimeOptions,
    private readonly counters: Counters,
    private readonly auditLog: AuditLog,
    private readonly clock: RealtimeClock,
    budget: RequestBudget,
    private readonly finalEvents: FinalEvents,
    hooks: RealtimeHookService,
    private readonly occupancy: OccupancyService,
    private readonly commands: RealtimeCommandService,
  ) {
    const renewals = new RenewalLimits(options);
    this.services = {
      ...{ auth, policy, registry, bridge, presence, occupancy, reauthorization, serverSubscriptions, renewals },
      ...{ clock, stats, tenantStats, options, auditLog, budget, commands },
      onConnected: (connection) => hooks.connected(connection, (callback) => server.onDisconnect(connection, callback)),
    };
    serverSubscriptions.subscriber = serverSubscriber(this.services);
    this.maxTargets = Math.max(MAX_TARGETS, options.maxSubscriptionsPerConnection);
    this.monitor = new ConnectionMonitor(
      registry,
      new BufferGuard(registry, counters, options.maxBufferedBytesTotal),
      options,
      clock,
    );
    this.messages = new MessageRunner(options);
    this.frames = {
      maxBytes: options.maxFrameBytes,
      handle: (connection, frame, bytes) => this.dispatch(connection, frame, bytes),
      fail: (connection, { request, bad }, error) => {
        const callId = request !== undefined && 'callId' in request ? request.callId : undefined;
        sendError(connection, error, { ref: (request ?? bad).ref, callId });
      },
    };
  }

  afterInit(server: unknown): void {
    if (server !== this.server) {
      throw new Error(
        'RealtimeModule: another WebSocket adapter serves its path. Remove app.useWebSocketAdapter(…), or call it after the module was created',
      );
    }
    this.server.connections.frames = {
      message: (connection, data, isBinary) => this.handleFrame(connection, data, isBinary),
      ping: (connection, data) => void (this.admit(connection) && connection.sendBuffer.pong(data)),
      pong: (connection) => void this.admit(connection),
    };
    const isProduction = process.env['NODE_ENV'] === 'production';
    for (const warning of configurationWarnings(this.options, isProduction)) this.logger.warn(warning);
    this.monitor.start();
    if (this.server.isAttached) this.logger.log(`Serving WebSocket on ${this.options.path}`);
    else this.logger.log('This process has no HTTP server: it publishes events and serves no WebSocket');
  }

  handleConnection(connection: Connection, request: IncomingMessage): void {
    runSafely(
      'A new connection',
      () => this.accept(connection, request),
      () => connection.transport.terminate(),
    );
  }

  private accept(connection: Connection, request: IncomingMessage): void {
    if (connection.closing) return; // closed by a gateway of the application, whose hook ran first
    // The token may have been revoked after it was verified, when the revocation could not find this connection yet.
    if (connection.principal !== null && this.revocations.revokes(connection.principal)) {
      this.refuse(connection, 'token_invalid', 'unauthorized');
      return;
    }
    if (connection.principal !== null && !isWithinConnectionLimits(this.registry, this.options, connection.principal)) {
      this.refuse(connection, 'too_many_connections', 'tooManyConnections');
      return;
    }
    connection.frames = new FrameQueue(connection, this.frames);
    this.registry.add(connection);
    this.auditLog.connected(connection);
    connection.channelsAtConnect = findChannels(request);
    if (connection.principal === null && !this.options.anonymous) {
      connection.authDeadline = this.clock.now() + this.options.authTimeoutMs;
      return;
    }
    sendConnected(this.services, connection);
    this.services.serverSubscriptions.onConnected(connection);
    this.subscribeAtConnect(connection);
  }

  /** Handles the channels of the URL as if the client had sent a `subscribe` frame, with all its limits and answers. */
  private subscribeAtConnect(connection: Connection): void {
    const channels = connection.channelsAtConnect;
    if (channels === null || connection.awaitsAuth) return;
    connection.channelsAtConnect = null;
    const frame = Buffer.from(JSON.stringify({ type: 'subscribe', channels }));
    if (frame.length <= this.options.maxFrameBytes) this.handleFrame(connection, frame, false);
    else sendError(connection, CHANNELS_TOO_LONG);
  }

  /** The channels of a URL wait until the connection has authenticated. */
  private async subscribeAfter(connection: Connection, pending: void | Promise<void>): Promise<void> {
    await pending;
    this.subscribeAtConnect(connection);
  }

  /** Refuses a connection that is not registered yet. */
  private refuse(connection: Connection, code: ErrorCode, close: CloseName): void {
    sendError(connection, new ProtocolError(code));
    connection.close(close);
    this.auditLog.refused(code, connection);
  }

  handleDisconnect(connection: Connection): void {
    runSafely('The end of a connection', () => {
      abandonMessages(connection);
      this.commands.disconnected(connection);
      this.services.budget.settle(connection);
      for (const subscription of connection.subscriptions.values()) this.bridge.detach(subscription);
      this.registry.remove(connection);
    });
  }

  /**
   * Drains connections while the HTTP server still serves. The delay is for a load balancer, so it applies to signals
   * only.
   */
  async beforeApplicationShutdown(signal?: string): Promise<void> {
    this.presence.hold();
    this.occupancy.hold();
    const drained = this.server.drain(signal === undefined ? 0 : this.options.drainDelayMs, this.finalEvents.publish());
    runSafely('The last announcement', () => this.stats.announceNow());
    await drained;
    this.monitor.stop();
    await Promise.all([this.presence.leave(), this.occupancy.leave()]);
    await this.stats.leave();
  }

  /** Returns true if the frame can be handled. Over the rate limit it answers with an error and returns false. */
  private admit(connection: Connection): boolean {
    connection.alive = true;
    if (connection.closing) return false;
    if (connection.rate.take(this.clock.now())) return true;
    this.counters.framesReceived.add('rate_limited');
    sendError(connection, RATE_LIMITED);
    if (connection.rate.flooding) connection.close('rateLimited');
    return false;
  }

  private handleFrame(connection: Connection, data: RawData, isBinary: boolean): void {
    connection.messages += 1;
    if (!this.admit(connection)) return;
    const bytes = bytesOf(data);
    const readingCost = costOfReading(bytes.length);
    if (readingCost > 0 && this.services.budget.charge(connection, readingCost) === null) {
      this.counters.framesReceived.add('rate_limited');
      sendError(connection, OVER_BUDGET);
      return;
    }
    const frame = isBinary ? { bad: BINARY_FRAME } : decodeClientFrame(bytes.toString(), this.maxTargets);
    if (frame.request !== undefined && 'targets' in frame.request)
      connection.rate.chargeChannels(frame.request.targets.length);
    connection.frames?.add(frame, bytes.length);
  }

  private dispatch(connection: Connection, { request, bad, custom }: Decoded, bytes: number): void | Promise<void> {
    if (request !== undefined) {
      this.counters.framesReceived.add(request.type);
      if (connection.awaitsAuth && request.type !== 'auth') throw new ProtocolError('auth_required');
      const command = COMMANDS[request.type];
      const cost = command.cost(request as never, connection);
      const waitMs = cost === 0 ? 0 : this.services.budget.request(connection, cost);
      if (waitMs === null) throw OVER_BUDGET;
      const run = () => command.run(this.services, connection, request as never, bytes);
      const pending = waitMs === 0 ? run() : afterWait(waitMs, connection, run);
      return connection.channelsAtConnect === null ? pending : this.subscribeAfter(connection, pending);
    }
    if (custom !== undefined) {
      if (connection.awaitsAuth) throw new ProtocolError('auth_required');
      if (connection.messageTypes?.has(custom.type) === true) {
        this.counters.framesReceived.add('application');
        // A share link only lets its guests receive. Handlers of the application expect a user or an anonymous client.
        if (connection.principal?.guest !== undefined) throw GUESTS_ONLY_RECEIVE;
        const tenant = connection.principal?.tenant ?? null;
        // Not awaited: later frames do not wait for a handler of the application.
        if (tenant === null) this.messages.start(connection, custom, bytes);
        else inTenant(tenant, () => this.messages.start(connection, custom, bytes));
        return;
      }
    }
    this.counters.framesReceived.add('bad');
    // An unauthenticated client receives only `auth_required`, except for invalid JSON and failed `auth` frames.
    const isOther = connection.awaitsAuth && bad.code === 'invalid_message' && bad.details?.[0]?.field !== 'token';
    sendError(connection, isOther ? new ProtocolError('auth_required') : new ProtocolError(bad.code, bad), {
      ref: bad.ref,
    });
    if (connection.badFrames.isExceeded(this.clock.now())) connection.close('protocolViolation');
  }
}

async function afterWait(ms: number, connection: Connection, dispatch: () => void | Promise<void>): Promise<void> {
  await sleep(ms);
  if (!connection.closing) await dispatch();
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
}
