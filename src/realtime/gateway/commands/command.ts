import type { ClientRequest, RequestType } from '../../../protocol/index.js';
import type { AuditLog } from '../audit/audit-log.service.js';
import type { AuthService } from '../../auth/auth.service.js';
import type { RedisBridge } from '../../delivery/redis-bridge.service.js';
import type { ChannelPolicyService } from '../../channels/channel-policy.service.js';
import type { RealtimeClock } from '../../timing/realtime-clock.js';
import type { RealtimeCommandService } from '../../commands/realtime-commands.service.js';
import type { Connection } from '../../connections/connection.js';
import type { ConnectionRegistry } from '../../connections/connection-registry.js';
import type { Reauthorization } from '../../cluster/control/reauthorization.js';
import type { ServerSubscriptions } from '../../cluster/subscriptions/server-subscriptions.js';
import type { ClusterStatsService } from '../../cluster/instances/cluster-stats.service.js';
import type { TenantStats } from '../../cluster/instances/tenant-stats.js';
import type { RealtimeStreams } from '../../streams/realtime-streams.service.js';
import type { RequestBudget } from '../../timing/request-budget.js';
import type { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import type { OccupancyService } from '../../occupancy/occupancy.service.js';
import type { PresenceService } from '../../presence/presence.service.js';
import type { RenewalLimits } from '../renewal-limits.js';

/** The services that commands delegate to. */
export interface Services {
  readonly auth: AuthService;
  readonly policy: ChannelPolicyService;
  readonly registry: ConnectionRegistry;
  readonly bridge: RedisBridge;
  readonly presence: PresenceService;
  readonly commands: RealtimeCommandService;
  readonly streams: RealtimeStreams;
  readonly occupancy: OccupancyService;
  readonly reauthorization: Reauthorization;
  readonly serverSubscriptions: ServerSubscriptions;
  readonly renewals: RenewalLimits;
  readonly clock: RealtimeClock;
  readonly stats: ClusterStatsService;
  readonly auditLog: AuditLog;
  readonly tenantStats: TenantStats;
  readonly budget: RequestBudget;
  readonly options: ResolvedRealtimeOptions;
  /** Called after a client received `connected`. */
  readonly onConnected: (connection: Connection) => void;
}

type RequestOf<T extends RequestType> = Extract<ClientRequest, { type: T }>;

/** Handler of one type of request. */
export interface Command<T extends RequestType> {
  /** Cost of the request in bytes, charged before it runs. Larger answers are charged afterwards. */
  readonly cost: (request: RequestOf<T>, connection: Connection) => number;
  /**
   * Runs the request and sends the answer. A refusal is thrown as `ProtocolError` and becomes an `error` frame with the
   * request's `ref`. A request for several channels answers for each channel.
   * @param bytes size of its frame
   */
  readonly run: (
    services: Services,
    connection: Connection,
    request: RequestOf<T>,
    bytes: number,
  ) => void | Promise<void>;
}
