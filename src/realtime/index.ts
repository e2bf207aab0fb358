/** Public entry point of the module. */
export { RealtimeModule } from './realtime.module.js';
export type { RealtimeAsyncOptions, RealtimeModuleSettings } from './module-settings.js';
export { REALTIME_ROUTE, type RealtimeRoute, type RouteMetadata } from './http/realtime-route.js';
export type { HistoryOptions } from './options/history-options.js';
export { ResolvedRealtimeOptions, type RealtimeOptions } from './options/realtime-options.js';
export type { BuiltInChannels } from './options/built-in-channels.js';
export type { OriginRule } from './options/origins.js';
export type { PublishKeyOptions, PublishOperation } from './options/publish-keys.js';
export type { ClaimNames, JwtAlgorithm, JwtOptions } from './options/jwt-options.js';
export type { RedisOptions } from './options/redis-options.js';
export type { TenantOptions } from './options/tenant-options.js';
export type {
  ChannelAccess,
  ChannelDefinition,
  EventClass,
  OwnerAccess,
  RolesAccess,
  StreamDefinition,
} from './options/channel-definition.js';
export { RealtimeStreams, type CancelOutcome, type OpenStreamOptions } from './streams/realtime-streams.service.js';
export { StreamEndedError, StreamOpenError } from './streams/errors.js';
export type { StreamSource } from './streams/stream-source.js';
export { StreamWriter } from './streams/stream-writer.js';
export { firstBoundary, lastBoundary } from './streams/text-boundaries.js';
export type { AppenderHost, WriterHost } from './streams/writer-host.js';
export {
  StreamStore,
  streamWritten,
  WRITER_LOST,
  type StreamEnd,
  type StreamOpened,
  type StreamOpening,
  type StreamPage,
  type StreamRules,
  type StreamToken,
  type StreamWritten,
} from './streams/stream-store.js';
export { RealtimeOptionsError } from './options/resolve-options.js';
export { realtimeOptionsFromEnv, realtimeVariableOf, REALTIME_VARIABLES } from './options/options-from-env.js';
export { EventsPublisher, type TransactionOptions } from './publishing/events-publisher.js';
export type { EmitAttempt, EmittedEvent, SerialisedEvent } from './publishing/emitted-event.js';
export type { EmitOptions } from './publishing/emit-options.js';
export type { StoredOrigin } from './publishing/event-composer.js';
export type { DataForAll, EventToEmit } from './publishing/event-list.js';
export type { CommitOptions } from './publishing/committed-events.js';
export type { Sender } from './publishing/current-sender.js';
export {
  Emits,
  type Awaitable,
  type ChannelParams,
  type EmitsChannel,
  type EmitsDecorator,
  type EmitsOptions,
  type EmittingMethod,
} from './publishing/emits.js';
export { bindTransactions } from './publishing/bind-transactions.js';
export { InvalidEventError, RealtimeUnavailableError, TenantBusyError } from './publishing/errors.js';
export { RealtimeAsyncApi } from './channels/asyncapi/asyncapi.service.js';
export type { AsyncApiChannel, AsyncApiDocument, AsyncApiInfo } from './channels/asyncapi/asyncapi-document.js';
export { AuthService } from './auth/auth.service.js';
export { bearerOf } from './http/bearer.js';
export { TenantInterceptor } from './http/tenant.interceptor.js';
export { SenderInterceptor } from './http/sender.interceptor.js';
export type { Principal } from './auth/principal.js';
export { ChannelPolicyService, type Authorized, type ChannelExplanation } from './channels/channel-policy.service.js';
export {
  ChannelPolicy,
  type CanSubscribe,
  type ChannelAnswer,
  type ChannelContext,
} from './channels/channel-policy.js';
export type { FieldPath } from './channels/field-path.js';
export type { StreamSettings } from './channels/channel-settings.js';
export { ExposeToUser, type HoldsUserIds } from './channels/fields/expose-to-user.js';
export type { FieldGrants } from './channels/fields/granted-fields.js';
export type { PolicyFailure, PolicyOutcome, PolicyVerdict } from './channels/policy-runner.js';
export {
  ChannelCatalogue,
  type Access,
  type Audience,
  type Channel,
  type ChannelRule,
} from './channels/channel-catalogue.js';
export { RealtimeClock } from './timing/realtime-clock.js';
export { Backend, type BackendContext, type BackendFactory } from './backends/backend.js';
export { memoryBackend } from './backends/memory/memory.backend.js';
export { redisBackend } from './backends/redis/redis.backend.js';
export { TicketStore } from './auth/ticket-store.js';
export { RevocationStore, type StoredRevocation } from './cluster/control/revocation-store.js';
export { SubscriptionsFullError } from './cluster/subscriptions/stored-subscriptions.js';
export { SubscriptionStore } from './cluster/subscriptions/subscription-store.js';
export { InstanceDirectory } from './cluster/instances/instance-directory.js';
export { Lease } from './cluster/instances/lease.js';
export {
  combineMemberData,
  decodeMemberData,
  encodeMemberData,
  type MemberData,
  type StampedJson,
} from './presence/member-data.js';
export { ANONYMOUS, PresenceStore, type Present } from './presence/presence-store.js';
export {
  ENDED_CLAIM_MS,
  NOT_COUNTED,
  OccupancyStore,
  type Claim,
  type ClaimState,
  type NextClaim,
} from './occupancy/occupancy-store.js';
export { ForeignData } from './observability/foreign-data.js';
export {
  Broker,
  type BrokerEvent,
  type BrokerListener,
  type BrokerStatus,
  type BrokerHealth,
  type HistoryWindow,
  type OutgoingEvent,
  type ReadLimits,
  type HistoryPage,
  type ReadResult,
} from './broker/broker.js';
export { Connection, type MessageHandler } from './connections/connection.js';
export {
  RealtimeAudit,
  type AuditedClient,
  type AuditEntry,
  type OperatorAction,
  type OperatorRead,
  type RequestRefusal,
} from './gateway/audit/realtime-audit.js';
export { ConnectionRegistry, type TopicStats, type UserListener } from './connections/connection-registry.js';
export { RealtimeHealth, type RealtimeHealthReport } from './monitoring/realtime-health.service.js';
export { ClusterStatsService } from './cluster/instances/cluster-stats.service.js';
export { PresenceService } from './presence/presence.service.js';
export {
  OnRealtime,
  type ChannelHook,
  type HookClient,
  type HookDecorator,
  type HookSubscription,
  type OccupancyChange,
  type OnlineChange,
  type RealtimeHook,
  type RealtimeHooks,
  type Takes,
} from './hooks/on-realtime.js';
export {
  Call,
  Caller,
  Command,
  Input,
  RealtimeCommands,
  type CommandMethod,
  type CommandOptions,
  type OutputClass,
  type OutputOf,
  type ParameterPipe,
} from './commands/decorators.js';
export type { CommandLimitOptions } from './options/command-options.js';
export type { LiveOptions } from './options/live-options.js';
export type { StreamLimitOptions } from './options/stream-options.js';
export type { CommandCall } from './commands/running-call.js';
export { LiveResource, type LiveResourceOptions, type LoadsState, type StateContext } from './live/decorators.js';
export { LiveResources, type LiveChangeOptions } from './live/live-resources.service.js';
export {
  RELOAD_STATE,
  Removal,
  remove,
  replace,
  Replacement,
  statePatch,
  wholeState,
  type PartialOf,
  type RemovalOf,
  type StateChannel,
  type StateOf,
  type StatePartial,
} from './live/partial.js';
export { StateStore, type LoadClaim, type LoadRight, type StoredState } from './live/state-store.js';
export { CallStore, type CallCapacity, type CallKey, type CallRules, type CallState } from './commands/call-store.js';
export type { PresenceList } from './presence/presence-channel.js';
export { RevocationsFullError } from './auth/revocation.js';
export { toLogError, toLogLine } from './observability/log-text.js';
export { RealtimeControl } from './cluster/control/realtime-control.service.js';
export type { TenantScope, Timestamp } from './cluster/control/control-arguments.js';
export { CommandUnconfirmedError, type Confirmation, type Actor } from './cluster/control/confirmation.js';
export { GuestTickets, type GuestTicket, type GuestTicketOptions } from './cluster/control/guest-tickets.js';
export type { ChannelLimit } from './auth/channel-limit.js';
export type { ControlResult } from './cluster/control/control-bus.js';
export type { SubscribeRefusal } from './cluster/control/control-command.js';
export type { SubscribeResult } from './cluster/control/user-subscriptions.js';
export { runSafely, safely } from './observability/run-safely.js';
export { RedisBridge } from './delivery/redis-bridge.service.js';
export { RealtimeGateway } from './gateway/realtime.gateway.js';
export { RealtimeServer } from './gateway/realtime-server.js';
export { RealtimeOutboxModule, type RealtimeOutboxAsyncOptions } from './publishing/outbox/realtime-outbox.module.js';
export { RealtimeOutbox } from './publishing/outbox/realtime-outbox.service.js';
export { OUTBOX_MIGRATION } from './publishing/outbox/outbox-schema.js';
export {
  pgListen,
  pgOutboxDatabase,
  type OutboxDatabase,
  type OutboxRows,
  type OutboxStatements,
  type PgClient,
  type PgPool,
} from './publishing/outbox/outbox-database.js';
export type { RealtimeOutboxOptions } from './publishing/outbox/outbox-options.js';
export type { OutboxStatus } from './publishing/outbox/outbox-table.js';
export * from '../protocol/index.js';
