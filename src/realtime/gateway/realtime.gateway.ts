import type { BeforeApplicationShutdown } from '@nestjs/common';
import {
  WebSocketGateway,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import type { IncomingMessage } from 'node:http';
import { ProtocolError, type CloseName, type ErrorCode } from '../../protocol/index.js';
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
import { Reauthorization } from '../cluster/control/reauthorization.js';
import { ServerSubscriptions } from '../cluster/subscriptions/server-subscriptions.js';
import { ClusterStatsService } from '../cluster/instances/cluster-stats.service.js';
import { TenantStats } from '../cluster/instances/tenant-stats.js';
import { Counters } from '../observability/counters.js';
import { runSafely } from '../observability/run-safely.js';
import { SafeLogger } from '../observability/safe-logger.js';
import { RequestBudget } from '../timing/request-budget.js';
import { RealtimeCommandService } from '../commands/realtime-commands.service.js';
import { RealtimeStreams } from '../streams/realtime-streams.service.js';
import { RealtimeHookService } from '../hooks/realtime-hooks.service.js';
import { OccupancyService } from '../occupancy/occupancy.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { PresenceService } from '../presence/presence.service.js';
import { FinalEvents } from '../publishing/final-events.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { ClientFrames } from './client-frames.js';
import type { Services } from './commands/command.js';
import { serverSubscriber } from './commands/subscribe-by-server.js';
import { configurationWarnings } from './configuration-warnings.js';
import { isWithinConnectionLimits } from './connection-limits.js';
import { abandonMessages } from './message-runner.js';
import { RealtimeServer } from './realtime-server.js';
import { RenewalLimits } from './renewal-limits.js';
import { sendConnected } from './send-connected.js';
import { sendError } from './send-error.js';

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
  private readonly frames: ClientFrames;

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
    counters: Counters,
    private readonly auditLog: AuditLog,
    private readonly clock: RealtimeClock,
    budget: RequestBudget,
    private readonly finalEvents: FinalEvents,
    hooks: RealtimeHookService,
    private readonly occupancy: OccupancyService,
    private readonly commands: RealtimeCommandService,
    streams: RealtimeStreams,
  ) {
    const renewals = new RenewalLimits(options);
    this.services = {
      ...{ auth, policy, registry, bridge, presence, occupancy, reauthorization, serverSubscriptions, renewals },
      ...{ clock, stats, tenantStats, options, auditLog, budget, commands, streams },
      onConnected: (connection) => hooks.connected(connection, (callback) => server.onDisconnect(connection, callback)),
    };
    serverSubscriptions.subscriber = serverSubscriber(this.services);
    this.monitor = new ConnectionMonitor(
      registry,
      new BufferGuard(registry, counters, options.maxBufferedBytesTotal),
      options,
      clock,
    );
    this.frames = new ClientFrames(this.services, counters, (connection) => this.subscribeAtConnect(connection));
  }

  afterInit(server: unknown): void {
    if (server !== this.server) {
      throw new Error(
        'RealtimeModule: another WebSocket adapter serves its path. Remove app.useWebSocketAdapter(…), or call it after the module was created',
      );
    }
    this.server.connections.frames = {
      message: (connection, data, isBinary) => this.frames.take(connection, data, isBinary),
      ping: (connection, data) => void (this.frames.admit(connection) && connection.sendBuffer.pong(data)),
      pong: (connection) => void this.frames.admit(connection),
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
    connection.frames = this.frames.queueFor(connection);
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
    if (frame.length <= this.options.maxFrameBytes) this.frames.take(connection, frame, false);
    else sendError(connection, CHANNELS_TOO_LONG);
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
    await Promise.all([this.commands.settle(), this.presence.leave(), this.occupancy.leave()]);
    await this.stats.leave();
  }
}
