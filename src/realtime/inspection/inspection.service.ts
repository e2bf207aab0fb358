import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { ClusterStats, ServerFrame, Stats } from '../../protocol/index.js';
import { Broker } from '../broker/broker.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { EventFrame } from '../connections/event-frame.js';
import type { FieldGroups, View } from '../fields/field-groups.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { busiest, clusterOf, ClusterStatsService, REPORTED_TOPICS } from '../instances/cluster-stats.service.js';
import type { InstanceReport } from '../instances/instance-directory.js';
import { InstanceHealth } from '../instances/instance-health.js';
import { reportOf, type TenantStats } from '../instances/tenant-stats.js';
import { Counters } from '../observability/counters.js';
import { safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { mergeChannels, selectChannels, type ChannelQuery, type ClusterChannelRow } from './channel-rows.js';
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

/** What is kept of a client's `User-Agent`, in characters. */
const MAX_USER_AGENT = 256;
/** A report of this instance serves all who ask within so long, in milliseconds. */
const REPORT_MS = 500;

/** The figures of a tenant serve all who ask within so long, in milliseconds. */
const TENANT_MS = 1_000;

/** An event as clients get it. */
export type KeptEvent = Extract<ServerFrame, { type: 'event' }>;

/** Who has been asked, and who has not answered in time: an answer may be short of what these have. */
export interface QueryCoverage {
  /** The ids of the instances that did not answer. */
  readonly unanswered: readonly string[];
}

/** The instances by id, each with what it said of itself; of those that did not answer, what they said last. */
export interface ClusterView extends QueryCoverage {
  readonly cluster: ClusterStats;
  readonly instances: ReadonlyMap<string, InstanceReport>;
}

export type LocatedConnection<Row extends ConnectionRow = ConnectionRow> = Row & { readonly instanceId: string };

/** What a page of connections holds, and where the next one begins. */
export interface ConnectionPage extends QueryCoverage {
  readonly rows: readonly LocatedConnection[];
  readonly total: number;
  readonly end: RowCursor | null;
}

/** What a page of channels holds, and after which the next one begins. */
export interface ChannelPage extends QueryCoverage {
  readonly rows: readonly ClusterChannelRow[];
  readonly total: number;
  readonly end: string | null;
}

/** What operators want to know, of all instances: asks each, and answers what others ask. */
@Injectable()
export class Inspection implements TenantStats, OnApplicationBootstrap {
  private readonly userAgents = new WeakMap<Connection, string>();
  /** tenant → its figures, for those who ask at once */
  private readonly byTenant = new Map<string, Promise<Stats>>();
  private reported: { readonly at: number; readonly report: Promise<InstanceReport> } | null = null;

  constructor(
    private readonly clusterQuery: ClusterQuery,
    private readonly registry: ConnectionRegistry,
    private readonly stats: ClusterStatsService,
    private readonly health: InstanceHealth,
    private readonly broker: Broker,
    private readonly server: RealtimeServer,
    private readonly counters: Counters,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  onApplicationBootstrap(): void {
    const { operatorApi, tenants } = this.options;
    if (operatorApi) this.server.onConnection((connection, request) => this.remember(connection, request));
    if (operatorApi || tenants.claim !== undefined)
      this.clusterQuery.follow((about, query) => this.answer(about, query));
  }

  async cluster(): Promise<ClusterView> {
    const { answers, unanswered } = await this.clusterQuery.ask('report', null);
    const instances = new Map([...unanswered, ...answers]);
    return { cluster: clusterOf([...instances.values()]), instances, unanswered: [...unanswered.keys()] };
  }

  /** The figures of one tenant. Adding them up takes time: those who ask at once, and within a second, share it. */
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

  /** @param instance only the connections of this one */
  async connections(query: Omit<ConnectionQuery, 'most'>, limit: number, instance?: string): Promise<ConnectionPage> {
    const wanted = (id: string): boolean => instance === undefined || id === instance;
    const asked = { ...query, most: limit + 1 }; // one more says whether there is a next page
    const { answers, unanswered } = await this.clusterQuery.ask('connections', asked);
    const pages = [...answers].flatMap(([instanceId, { rows, total }]) =>
      wanted(instanceId) ? [{ rows: rows.map((row) => ({ instanceId, ...row })), total }] : [],
    );
    return { ...mergeConnections(pages, asked, limit), unanswered: [...unanswered.keys()].filter(wanted) };
  }

  /** How many connections a user or a session has. */
  async count(of: Pick<ConnectionQuery, 'userKey' | 'session'>): Promise<QueryCoverage & { readonly total: number }> {
    const { total, unanswered } = await this.connections({ ...of, sort: 'connectedAt', order: 'asc' }, 1);
    return { total, unanswered };
  }

  /** The connection with this id, wherever it is; `null` where no instance that answered has it. */
  async connection(id: string): Promise<QueryCoverage & { readonly row: LocatedConnection<ConnectionDetails> | null }> {
    const { answers, unanswered } = await this.clusterQuery.ask('connection', id);
    const [row = null] = [...answers].flatMap(([instanceId, found]) =>
      found === null ? [] : [{ instanceId, ...found }],
    );
    return { row, unanswered: [...unanswered.keys()] };
  }

  async channels(query: Omit<ChannelQuery, 'most'>, limit: number): Promise<ChannelPage> {
    const { answers, unanswered } = await this.clusterQuery.ask('channels', { ...query, most: limit + 1 });
    return { ...mergeChannels([...answers.values()], limit), unanswered: [...unanswered.keys()] };
  }

  /**
   * The last events that are kept of a channel, oldest first, as on the wire to whoever has this view of their fields.
   * @throws RealtimeUnavailableError
   */
  async history(
    topic: string,
    most: number,
    fields: FieldGroups | null,
    view: View,
  ): Promise<{ epoch: string | null; events: readonly KeptEvent[] }> {
    const latest = await this.broker.latest(topic, most);
    const events = latest.filter(({ body }) => holdsEvent(body));
    return {
      epoch: events.at(-1)?.position?.epoch ?? null,
      events: events.map(
        (event) => JSON.parse(EventFrame.of(event, fields).viewedBy(view).bytes.toString()) as KeptEvent,
      ),
    };
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
      tenant: (tenant) => reportOf(tenant, this.registry, this.counters, REPORTED_TOPICS),
      connections: (of) => selectConnections(this.registry.all(), of),
      connection: async (id) => this.details(this.registry.get(id)),
      channels: (of) => selectChannels(this.registry.topics(), (topic) => this.registry.subscribersOf(topic).size, of),
    };
    return answers[about](query);
  }

  /** Counting the users of many connections takes time: those who ask at once share it. */
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
    return {
      ...connectionRow(connection),
      channels: [...connection.subscriptions.keys()].toSorted(),
      userAgent: this.userAgents.get(connection) ?? null,
    };
  }
}

/** Returns true unless another program wrote it. */
function holdsEvent(body: string): boolean {
  try {
    decodeEventBody(body);
    return true;
  } catch {
    return false;
  }
}
