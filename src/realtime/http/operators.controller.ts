import {
  BadRequestException,
  Get,
  Header,
  NotFoundException,
  Param,
  Query,
  Req,
  ServiceUnavailableException,
  UseGuards,
} from '@nestjs/common';
import type { ClusterStats } from '../../protocol/index.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { Inspection, type KeptEvent } from '../inspection/inspection.service.js';
import { writeCursor } from '../inspection/paging.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { channelOf, tenantProblem, topicOf } from '../tenants/topic.js';
import { explanationOf, type Explanation } from './explanation.js';
import { AdminGuard, type OperatorRequest } from './admin.guard.js';
import {
  readChannelQuery,
  readConnectionQuery,
  readExplainQuery,
  readHistoryQuery,
  textsOf,
  type Parameters,
} from './operator-query.js';
import {
  channelAnswer,
  connectionAnswer,
  instanceAnswer,
  type ChannelAnswer,
  type ConnectionAnswer,
  type ConnectionDetailsAnswer,
  type InstanceAnswer,
  type Paged,
} from './operator-answers.js';
import { RealtimeController } from './realtime-route.js';

/** What operators want to see, of all instances. For administrators, where the option `operatorApi` is on. */
@RealtimeController('realtime', 'operators')
@UseGuards(AdminGuard)
export class OperatorsController {
  constructor(
    private readonly inspection: Inspection,
    private readonly catalogue: ChannelCatalogue,
    private readonly policy: ChannelPolicyService,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /** The figures of the cluster and of each instance. Sums count from the start of an instance. */
  @Get('stats')
  @Header('Cache-Control', 'no-store')
  async stats(
    @Query() parameters: Parameters,
  ): Promise<{ cluster: ClusterStats; instances: InstanceAnswer[]; unanswered: readonly string[] }> {
    textsOf(parameters, []);
    const { cluster, instances, unanswered } = await this.inspection.cluster();
    const answers = [...instances].map(([instanceId, report]) => instanceAnswer(instanceId, report));
    return { cluster, instances: answers.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1)), unanswered };
  }

  /** A page of the connections that match. */
  @Get('connections')
  @Header('Cache-Control', 'no-store')
  async connections(@Query() parameters: Parameters): Promise<Paged<'connections', ConnectionAnswer>> {
    const { query, limit, instance } = readConnectionQuery(parameters);
    const { rows, total, end, unanswered } = await this.inspection.connections(query, limit, instance);
    return { connections: rows.map(connectionAnswer), total, next: end && writeCursor(end), unanswered };
  }

  /** One connection, with its channels. */
  @Get('connections/:id')
  @Header('Cache-Control', 'no-store')
  async connection(@Param('id') id: string): Promise<ConnectionDetailsAnswer> {
    const { row, unanswered } = await this.inspection.connection(id);
    if (row !== null) {
      const { channels, userAgent } = row;
      return { ...connectionAnswer(row), channels, ...(userAgent === null ? {} : { userAgent }) };
    }
    if (unanswered.length > 0) {
      throw new ServiceUnavailableException(`It may be on an instance that did not answer: ${unanswered.join(', ')}`);
    }
    throw new NotFoundException('There is no such connection (any more)');
  }

  /** A page of the channels that have subscribers, by name. */
  @Get('channels')
  @Header('Cache-Control', 'no-store')
  async channels(@Query() parameters: Parameters): Promise<Paged<'channels', ChannelAnswer>> {
    const { query, limit } = readChannelQuery(parameters);
    const { rows, total, end, unanswered } = await this.inspection.channels(query, limit);
    const channels = rows.map((row) => channelAnswer(row, this.catalogue.patternOf(channelOf(row.topic))));
    return { channels, total, next: end === null ? null : writeCursor({ topic: end }), unanswered };
  }

  /** The last events that are kept of a channel, oldest first, with the fields that the administrator's role is for. */
  @Get('channels/:channel/history')
  @Header('Cache-Control', 'no-store')
  async history(
    @Param('channel') channel: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<{ channel: string; epoch: string | null; events: readonly KeptEvent[] }> {
    const { limit, tenant } = readHistoryQuery(parameters);
    const topic = this.topicOf(channel, tenant);
    const { fields } = this.catalogue.find(channel)!;
    const view = this.policy.viewOf(request.operator!, channel);
    try {
      return { channel, ...(await this.inspection.history(topic, limit, fields, view)) };
    } catch (error) {
      if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }

  /** Why a user may use a channel, or may not; without `user`, somebody who has no token. */
  @Get('explain')
  @Header('Cache-Control', 'no-store')
  async explain(@Query() parameters: Parameters): Promise<Explanation> {
    const { principal, channel } = readExplainQuery(parameters, this.options);
    const explained = await this.policy.explain(principal, channel);
    const explanation = explanationOf(explained);
    // The same answer, and by its status: ask again, for nothing was decided.
    if (explained.verdict === 'unavailable') throw new ServiceUnavailableException(explanation);
    return explanation;
  }

  /** @throws NotFoundException @throws BadRequestException where it is not clear whose channel it is */
  private topicOf(name: string, tenant: string | undefined): string {
    const channel = this.catalogue.find(name);
    if (channel === null) throw new NotFoundException('There is no such channel');
    const isOfTenant = this.options.tenants.claim !== undefined && !channel.global;
    if (!isOfTenant) {
      if (tenant === undefined) return name;
      throw new BadRequestException('tenant must not be given: there is one such channel for all');
    }
    const problem = tenant === undefined ? 'is missing: each tenant has such a channel' : tenantProblem(tenant);
    if (problem !== null) throw new BadRequestException(`tenant ${problem}`);
    return topicOf(tenant!, name);
  }
}
