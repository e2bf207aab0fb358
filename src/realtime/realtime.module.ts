import {
  Module,
  Optional,
  type DynamicModule,
  type MiddlewareConsumer,
  type ModuleMetadata,
  type NestModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import { DiscoveryModule, HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { AuditLog } from './gateway/audit/audit-log.service.js';
import { CommandDescriptions } from './channels/asyncapi/command-descriptions.js';
import { DescribedCommands } from './commands/described-commands.js';
import { RealtimeAsyncApi } from './channels/asyncapi/asyncapi.service.js';
import { AuthService } from './auth/auth.service.js';
import { ClusterSeal } from './auth/cluster-seal.js';
import { Tickets } from './auth/tickets.js';
import { Revocations } from './auth/revocations.js';
import { TokenKeys } from './auth/token-keys.js';
import { BACKEND_PARTS } from './backends/backend-parts.js';
import { Backend } from './backends/backend.js';
import { RedisBridge } from './delivery/redis-bridge.service.js';
import { Broker } from './broker/broker.js';
import { ChannelCatalogue } from './channels/channel-catalogue.js';
import { ChannelFeature, ChannelFeatures } from './channels/channel-features.js';
import { ChannelPolicyService } from './channels/channel-policy.service.js';
import { RealtimeClock } from './timing/realtime-clock.js';
import { ConnectionRegistry } from './connections/connection-registry.js';
import { BrokerClusterBus } from './cluster/broker.cluster-bus.js';
import { ClusterBus } from './cluster/cluster-bus.js';
import { ControlBus } from './cluster/control/control-bus.js';
import { Reauthorization } from './cluster/control/reauthorization.js';
import { UserSubscriptions } from './cluster/control/user-subscriptions.js';
import { ServerSubscriptions } from './cluster/subscriptions/server-subscriptions.js';
import { StoredSubscriptions } from './cluster/subscriptions/stored-subscriptions.js';
import { RevocationKeeper } from './cluster/control/revocation-keeper.js';
import { GuestTickets } from './cluster/control/guest-tickets.js';
import { RealtimeControl } from './cluster/control/realtime-control.service.js';
import { FanOut } from './delivery/fan-out.js';
import { FEATURE_PUBLISHER, FeatureAccess } from './feature-access.js';
import { ClusterStatsService } from './cluster/instances/cluster-stats.service.js';
import { TenantStats } from './cluster/instances/tenant-stats.js';
import { InstanceHealth } from './cluster/instances/instance-health.js';
import { SampleLog } from './cluster/instances/sample-log.js';
import { RequestBudget } from './timing/request-budget.js';
import { InstanceReports } from './cluster/instances/instance-reports.js';
import { Lease } from './cluster/instances/lease.js';
import { installAdapter } from './gateway/install-adapter.js';
import { RealtimeGateway } from './gateway/realtime.gateway.js';
import { RealtimeServer } from './gateway/realtime-server.js';
import { AsyncApiController } from './http/asyncapi.controller.js';
import { ConsoleController } from './http/console.controller.js';
import { ConsolePages } from './http/console-pages.js';
import { CommandsController } from './http/commands.controller.js';
import { EventsController } from './http/events.controller.js';
import { DirectPublish } from './http/direct-publish.js';
import { PublishGuard } from './http/publish.guard.js';
import { PublishRequests } from './http/publish-requests.js';
import { RequestClients } from './http/request-client.js';
import { TicketLimit } from './http/ticket-limit.js';
import { TicketsController } from './http/tickets.controller.js';
import { RealtimeHealth } from './monitoring/realtime-health.service.js';
import { describeRoutes } from './http/openapi.js';
import { withRouteMetadata } from './http/realtime-route.js';
import type { RealtimeAsyncOptions, RealtimeModuleSettings } from './module-settings.js';
import { OperatorActionsController } from './http/operator-actions.controller.js';
import { OperatorStatesController } from './http/operator-states.controller.js';
import { OperatorsController } from './http/operators.controller.js';
import { Inspection } from './http/inspection/inspection.service.js';
import { ClusterQuery } from './http/inspection/cluster-query.js';
import { StateInspection } from './http/inspection/state-inspection.js';
import { RealtimeMetrics } from './monitoring/realtime-metrics.service.js';
import { applicationConfigOf } from './nest/application-config.js';
import { checkNest } from './nest/check-nest.js';
import { ForeignData } from './observability/foreign-data.js';
import { Counters } from './observability/counters.js';
import { refuseSecondBuild } from './one-build.js';
import type { ChannelDefinition } from './options/channel-definition.js';
import { ResolvedRealtimeOptions, type RealtimeOptions } from './options/realtime-options.js';
import { resolveOptions } from './options/resolve-options.js';
import { RealtimeCommandService } from './commands/realtime-commands.service.js';
import { LiveResources } from './live/live-resources.service.js';
import { RealtimeStreams } from './streams/realtime-streams.service.js';
import { RealtimeHookService } from './hooks/realtime-hooks.service.js';
import { OccupancyHints } from './occupancy/occupancy-hints.js';
import { OccupancyService } from './occupancy/occupancy.service.js';
import { OnlineUsers } from './presence/online-users.js';
import { PresenceHints } from './presence/presence-hints.js';
import { PresenceService } from './presence/presence.service.js';
import { channelFeatures, clusterSeal, createBackend, prepareRoutes, tokenKeys } from './provider-factories.js';
import { EmitsCheck } from './publishing/emits-check.service.js';
import { EventsPublisher } from './publishing/events-publisher.js';
import { FinalEvents } from './publishing/final-events.js';
import { EventWaits } from './sse/event-waits.js';
import { HistoryController } from './sse/history.controller.js';
import { StreamController } from './sse/stream.controller.js';
import { StreamFrames } from './sse/stream-frames.js';
import { StreamPlaces } from './sse/stream-places.js';
import { StreamRequests } from './sse/stream-requests.js';

refuseSecondBuild();

/** Token of the provider that installs the adapter. It is never injected. */
const ADAPTER_INSTALLED = Symbol('realtime: adapter installed');

/** Token of Nest's ApplicationConfig. */
const APPLICATION_CONFIG = Symbol('realtime: application config');

/** Token of the provider that removes disabled routes and defers the body parsing of the others. */
const ROUTES_PREPARED = Symbol('realtime: routes prepared');

/** Token of the provider that describes the routes for OpenAPI before an application builds its document. */
const ROUTES_DESCRIBED = Symbol('realtime: routes described');

/** Serves WebSockets in an application and provides `EventsPublisher`. Import it once, in the root module. */
@Module({})
export class RealtimeModule implements NestModule {
  /**
   * @param pages only set in the module of `forRoot`; a module of `forFeature` serves no routes
   * @internal
   */
  constructor(@Optional() private readonly pages?: ConsolePages) {}

  configure(consumer: MiddlewareConsumer): void {
    const controllers = this.pages?.controllers ?? [];
    if (controllers.length > 0) consumer.apply(this.pages!.serve).forRoutes(...controllers);
  }

  /**
   * @param options see {@link ResolvedRealtimeOptions} and {@link RealtimeModuleSettings}; `jwt` is required
   * @throws RealtimeOptionsError at start, with a line for each option that is wrong
   */
  static forRoot({ isGlobal, routeMetadata, ...options }: RealtimeOptions & RealtimeModuleSettings): DynamicModule {
    const provider = { provide: ResolvedRealtimeOptions, useFactory: () => resolveOptions(options) };
    return build(provider, { isGlobal, routeMetadata });
  }

  /** {@link forRoot} with options from a factory. */
  static forRootAsync({ imports = [], inject = [], useFactory, ...settings }: RealtimeAsyncOptions): DynamicModule {
    const resolve = async (...dependencies: never[]) => resolveOptions(await useFactory(...dependencies));
    return build({ provide: ResolvedRealtimeOptions, useFactory: resolve, inject }, settings, imports);
  }

  /**
   * Registers the channels of a feature module, by name or by a pattern such as `projects:{projectId}:updated`. The feature
   * module can inject `EventsPublisher`.
   * @throws RealtimeOptionsError at start, with a sentence for each definition that is wrong or contradicts another
   */
  static forFeature(channels: readonly ChannelDefinition[]): DynamicModule {
    return {
      module: RealtimeModule,
      providers: [{ provide: ChannelFeature, useValue: new ChannelFeature(channels) }, FEATURE_PUBLISHER],
      exports: [EventsPublisher],
    };
  }
}

const CONTROLLERS: readonly Type<object>[] = [
  EventsController,
  TicketsController,
  HistoryController,
  CommandsController,
  StreamController,
  OperatorsController,
  OperatorActionsController,
  OperatorStatesController,
  AsyncApiController,
  ConsoleController,
];

function build(
  options: Provider,
  {
    isGlobal = true,
    routeMetadata = {},
  }: { [Name in keyof RealtimeModuleSettings]: RealtimeModuleSettings[Name] | undefined },
  imports: ModuleMetadata['imports'] = [],
): DynamicModule {
  checkNest();
  const root: DynamicModule = {
    module: RealtimeModule,
    global: isGlobal,
    imports: [...imports, DiscoveryModule],
    controllers: CONTROLLERS.map((controller) => withRouteMetadata(controller, routeMetadata)),
    providers: [
      options,
      RealtimeClock,
      Counters,
      { provide: ForeignData, useFactory: (counters: Counters) => new ForeignData(counters), inject: [Counters] },
      Lease,
      {
        provide: Backend,
        useFactory: createBackend,
        inject: [ResolvedRealtimeOptions, RealtimeClock, Lease, ForeignData],
      },
      ...BACKEND_PARTS,
      { provide: TokenKeys, useFactory: tokenKeys, inject: [ResolvedRealtimeOptions] },
      Revocations,
      { provide: ClusterSeal, useFactory: clusterSeal, inject: [ResolvedRealtimeOptions] },
      Tickets,
      AuthService,
      { provide: ChannelFeatures, useFactory: channelFeatures, inject: [ModulesContainer] },
      ChannelCatalogue,
      ChannelPolicyService,
      {
        provide: CommandDescriptions,
        useFactory: (modules: ModulesContainer) => new DescribedCommands(modules),
        inject: [ModulesContainer],
      },
      RealtimeAsyncApi,
      ConnectionRegistry,
      AuditLog,
      RequestBudget,
      FanOut,
      RedisBridge,
      { provide: ClusterBus, useClass: BrokerClusterBus },
      ControlBus,
      RevocationKeeper,
      Reauthorization,
      StoredSubscriptions,
      ServerSubscriptions,
      UserSubscriptions,
      RealtimeControl,
      GuestTickets,
      InstanceReports,
      InstanceHealth,
      SampleLog,
      ClusterStatsService,
      PresenceHints,
      OnlineUsers,
      PresenceService,
      RealtimeCommandService,
      RealtimeStreams,
      RealtimeHookService,
      OccupancyHints,
      OccupancyService,
      FinalEvents,
      EventsPublisher,
      EmitsCheck,
      LiveResources,
      RealtimeServer,
      RealtimeGateway,
      RealtimeMetrics,
      RealtimeHealth,
      ClusterQuery,
      StateInspection,
      Inspection,
      ConsolePages,
      TicketLimit,
      RequestClients,
      PublishGuard,
      PublishRequests,
      DirectPublish,
      StreamRequests,
      EventWaits,
      StreamPlaces,
      StreamFrames,
      { provide: APPLICATION_CONFIG, useFactory: applicationConfigOf, inject: [ModuleRef] },
      {
        provide: ROUTES_PREPARED,
        useFactory: prepareRoutes,
        inject: [ModulesContainer, HttpAdapterHost, APPLICATION_CONFIG, ResolvedRealtimeOptions],
      },
      { provide: ROUTES_DESCRIBED, useFactory: () => describeRoutes(HistoryController, StreamController) },
      { provide: TenantStats, useExisting: Inspection },
      {
        provide: ADAPTER_INSTALLED,
        useFactory: installAdapter,
        inject: [APPLICATION_CONFIG, ModulesContainer, HttpAdapterHost, RealtimeServer],
      },
    ],
    exports: [
      RealtimeAsyncApi,
      EventsPublisher,
      LiveResources,
      FinalEvents,
      RealtimeClock,
      Broker,
      Counters,
      AuthService,
      ChannelPolicyService,
      ConnectionRegistry,
      RedisBridge,
      RealtimeControl,
      RealtimeStreams,
      GuestTickets,
      ClusterStatsService,
      PresenceService,
      RealtimeServer,
      RealtimeHealth,
    ],
  };
  return { module: RealtimeModule, imports: [root, FeatureAccess.to(root)], exports: [root] };
}
