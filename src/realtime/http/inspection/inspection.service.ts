import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { ClusterStats, Position, ServerFrame, Stats } from '../../../protocol/index.js';
import { Broker, type BrokerEvent } from '../../broker/broker.js';
import type { Connection } from '../../connections/connection.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { EventFrame } from '../../connections/event-frame.js';
import type { FieldGroups, View } from '../../channels/fields/field-groups.js';
import { RealtimeServer } from '../../gateway/realtime-server.js';
import {
  busiest,
  clusterOf,
  ClusterStatsService,
  REPORTED_TOPICS,
} from '../../cluster/instances/cluster-stats.service.js';
import type { InstanceReport, Sample } from '../../cluster/instances/instance-report.js';
import { InstanceHealth } from '../../cluster/instances/instance-health.js';
import { SampleLog } from '../../cluster/instances/sample-log.js';
import { reportOf, type TenantStats } from '../../cluster/instances/tenant-stats.js';
import { RealtimeCommandService } from '../../commands/realtime-commands.service.js';
import { Counters } from '../../observability/counters.js';
import { safely } from '../../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { holdsEvent } from '../../schemas/event-body.js';
import { mergeChannels, selectChannels, type ClusterChannelRow } from './channel-rows.js';
import { mergeCommands, type CommandRow } from './command-rows.js';
import {
  connectionRow,
  mergeConnections,
  selectConnections,
  type ConnectionDetails,
  type ConnectionQuery,
  type ConnectionRow,
  type RowCursor,
} from './connection-rows.js';
import type { ClusterQueries, QueryName } from './cluster-queries.js';
import { ClusterQuery } from './cluster-query.js';
import { StateInspection } from './state-inspection.js';
import type { TopicPage, TopicQuery } from './topic-pages.js';

/** Maximum length of a stored `User-Agent`, in characters. */
const MAX_USER_AGENT = 256;
/** Time for which a report of this instance is reused, in milliseconds. */
const REPORT_MS = 500;

/** Maximum size of a page of a history, in bytes. A page has at least one event. */
const MAX_PAGE_BYTES = 8_388_608;

/** Time for which the statistics of a tenant are reused, in milliseconds. */
const TENANT_MS = 1_000;

/** An event as clients receive it. */
export type KeptEvent = Extract<ServerFrame, { type: 'event' }>;

/** Coverage of a query: data of instances that did not answer may be missing. */
export interface QueryCoverage {
  /** Ids of the instances that did not answer in time. */
  readonly unanswered: readonly string[];
}

/** Reports of all instances by id. For instances that did not answer, their last known report. */
export interface ClusterView extends QueryCoverage {
  readonly cluster: ClusterStats;
  readonly instances: ReadonlyMap<string, InstanceReport>;
}

export type LocatedConnection<Row extends ConnectionRow = ConnectionRow> = Row & { readonly instanceId: string };

/** A page of connections, and its end. */
export interface ConnectionPage extends QueryCoverage {
  readonly rows: readonly LocatedConnection[];
  readonly total: number;
  readonly end: RowCursor | null;
}

/** Inspection of the cluster for operators: queries all instances, and answers the queries of others. */
@Injectable()
export class Inspection implements TenantStats, OnApplicationBootstrap {
  private readonly userAgents = new WeakMap<Connection, string>();
  /** Statistics by tenant, shared by concurrent calls. */
  private readonly byTenant = new Map<string, Promise<Stats>>();
  private reported: { readonly at: number; readonly report: Promise<InstanceReport> } | null = null;

  constructor(
    private readonly clusterQuery: ClusterQuery,
    private readonly registry: ConnectionRegistry,
    private readonly stats: ClusterStatsService,
    private readonly health: InstanceHealth,
    private readonly sampleLog: SampleLog,
    private readonly broker: Broker,
    private readonly server: RealtimeServer,
    private readonly counters: Counters,
    private readonly commandService: RealtimeCommandService,
    private readonly states: StateInspection,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  onApplicationBootstrap(): void {
    const { operatorApi, tenants } = this.options;
    if (operatorApi) this.server.onConnection((connection, request) => this.remember(connection, request));
    if (operatorApi || tenants.claim !== undefined)
      this.clusterQuery.follow((about, query) => this.answer(about, query));
  }

  /** Id of this instance. */
  get instanceId(): string {
    return this.clusterQuery.instanceId;
  }

  get host(): string {
    return this.health.host;
  }

  async cluster(): Promise<ClusterView> {
    const { answers, unanswered } = await this.clusterQuery.ask('report', null);
    const instances = new Map([...unanswered, ...answers]);
    return { cluster: clusterOf([...instances.values()]), instances, unanswered: [...unanswered.keys()] };
  }

  /** Returns the metrics of the last five minutes, by instance. */
  async samples(): Promise<QueryCoverage & { readonly samples: ReadonlyMap<string, readonly Sample[]> }> {
    const { answers, unanswered } = await this.clusterQuery.ask('samples', null);
    return { samples: answers, unanswered: [...unanswered.keys()] };
  }

  /** Returns the statistics of one tenant. Computing them is expensive, so calls within a second share the result. */
  of(tenant: string): Promise<Stats> {
    let stats = this.byTenant.get(tenant);
    if (stats === undefined) {
      stats = this.statsOf(tenant);
      this.byTenant.set(tenant, stats);
      setTimeout(
        safely('Forgetting the metrics of a tenant', () => this.byTenant.delete(tenant)),
        TENANT_MS,
      ).unref();
    }
    return stats;
  }

  /** @param instance restricts the list to one instance */
  async connections(query: Omit<ConnectionQuery, 'most'>, limit: number, instance?: string): Promise<ConnectionPage> {
    const isIncluded = (id: string): boolean => instance === undefined || id === instance;
    const paged = { ...query, most: limit + 1 }; // one more row shows that there is a next page
    const { answers, unanswered } = await this.clusterQuery.ask('connections', paged);
    const pages = [...answers].flatMap(([instanceId, { rows, total }]) =>
      isIncluded(instanceId) ? [{ rows: rows.map((row) => ({ instanceId, ...row })), total }] : [],
    );
    return { ...mergeConnections(pages, paged, limit), unanswered: [...unanswered.keys()].filter(isIncluded) };
  }

  /** Returns the number of connections of a user or a session. */
  async count(of: Pick<ConnectionQuery, 'userKey' | 'session'>): Promise<QueryCoverage & { readonly total: number }> {
    const { total, unanswered } = await this.connections({ ...of, sort: 'connectedAt', order: 'asc' }, 1);
    return { total, unanswered };
  }

  /** Finds a connection by id on any instance. `row` is `null` if no instance that answered has it. */
  async connection(id: string): Promise<QueryCoverage & { readonly row: LocatedConnection<ConnectionDetails> | null }> {
    const { answers, unanswered } = await this.clusterQuery.ask('connection', id);
    const [row = null] = [...answers].flatMap(([instanceId, found]) =>
      found === null ? [] : [{ instanceId, ...found }],
    );
    return { row, unanswered: [...unanswered.keys()] };
  }

  async channels(
    query: Omit<TopicQuery, 'most'>,
    limit: number,
  ): Promise<QueryCoverage & TopicPage<ClusterChannelRow>> {
    const { answers, unanswered } = await this.clusterQuery.ask('channels', { ...query, most: limit + 1 });
    return { ...mergeChannels([...answers.values()], limit), unanswered: [...unanswered.keys()] };
  }

  /** Returns the calls of each command, by name. */
  async commands(): Promise<QueryCoverage & { readonly rows: readonly CommandRow[] }> {
    const { answers, unanswered } = await this.clusterQuery.ask('commands', null);
    return { rows: mergeCommands(answers.values()), unanswered: [...unanswered.keys()] };
  }

  /**
   * Returns the last events in the history of a topic, oldest first, as clients with this view of its fields receive
   * them.
   * @throws RealtimeUnavailableError
   */
  async history(
    topic: string,
    before: Position | null,
    maxEvents: number,
    fields: FieldGroups | null,
    view: View,
  ): Promise<{ epoch: string | null; events: readonly KeptEvent[]; more: boolean }> {
    const { kept, more } = await this.keptEvents(topic, before, maxEvents);
    const events = kept.filter(({ body }) => holdsEvent(body));
    return {
      more,
      epoch: events.at(-1)?.position?.epoch ?? null,
      events: events.map(
        (event) => JSON.parse(EventFrame.of(event, fields).viewedBy(view).bytes.toString()) as KeptEvent,
      ),
    };
  }

  /** An entry that no instance wrote ends a page. The newest page skips it, so that an operator sees what follows and precedes it. */
  private async keptEvents(
    topic: string,
    before: Position | null,
    maxEvents: number,
  ): Promise<{ readonly kept: readonly BrokerEvent[]; readonly more: boolean }> {
    if (before === null) {
      const latest = await this.broker.latest(topic, maxEvents + 1);
      return { kept: latest.slice(-maxEvents), more: latest.length > maxEvents };
    }
    const page = await this.broker.page(topic, before, { maxEvents, maxBytes: MAX_PAGE_BYTES });
    return { kept: page?.events ?? [], more: page?.more ?? false };
  }

  private async statsOf(tenant: string): Promise<Stats> {
    const { answers } = await this.clusterQuery.ask('tenant', tenant);
    const reports = [...answers.values()];
    const own = answers.get(this.clusterQuery.instanceId)!;
    return { instance: own.stats, cluster: clusterOf(reports), channels: busiest(reports) };
  }

  private remember(connection: Connection, { headers }: IncomingMessage): void {
    const { 'user-agent': userAgent } = headers;
    if (userAgent !== undefined) this.userAgents.set(connection, userAgent.slice(0, MAX_USER_AGENT));
  }

  private async answer<T extends QueryName>(
    about: T,
    query: ClusterQueries[T]['query'],
  ): Promise<ClusterQueries[T]['answer']> {
    const answers: {
      readonly [K in QueryName]: (of: ClusterQueries[K]['query']) => Promise<ClusterQueries[K]['answer']>;
    } = {
      report: () => this.report(),
      samples: () => Promise.resolve(this.sampleLog.all),
      tenant: (tenant) => reportOf(tenant, this.registry, this.counters, REPORTED_TOPICS),
      connections: (of) => selectConnections(this.registry.all(), of),
      connection: async (id) => this.details(this.registry.get(id)),
      channels: (of) => selectChannels(this.registry.topics(), (topic) => this.registry.subscribersOf(topic).size, of),
      commands: async () => this.commandService.report(),
      live: (of) => this.states.liveHere(of),
      streams: (of) => this.states.streamsHere(of),
    };
    return answers[about](query);
  }

  /** Counting the users of many connections is expensive, so concurrent calls share the result. */
  private report(): Promise<InstanceReport> {
    this.health.watch();
    const now = performance.now();
    if (this.reported === null || now - this.reported.at > REPORT_MS) {
      this.reported = { at: now, report: this.stats.report() };
    }
    return this.reported.report;
  }

  private details(connection: Connection | undefined): ConnectionDetails | null {
    if (connection === undefined) return null;
    const limitedTo = connection.principal?.channels;
    return {
      ...connectionRow(connection),
      channels: [...connection.subscriptions.keys()].toSorted(),
      ...(limitedTo !== undefined && { limitedTo }),
      userAgent: this.userAgents.get(connection) ?? null,
    };
  }
}
