import {
  Get,
  Header,
  NotFoundException,
  Param,
  Query,
  Req,
  ServiceUnavailableException,
  UseGuards,
} from '@nestjs/common';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { Inspection } from './inspection/inspection.service.js';
import { writeCursor } from './inspection/paging.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { channelOf } from '../tenants/topic.js';
import { Audited } from './documented.js';
import { explanationOf } from './explanation.js';
import { AdminGuard, type OperatorRequest } from './admin.guard.js';
import {
  readChannelQuery,
  readConnectionQuery,
  readExplainQuery,
  readHistoryQuery,
  readQuery,
  CHANNEL_PARAMETERS,
  CONNECTION_PARAMETERS,
  EXPLAIN_PARAMETERS,
  HISTORY_PARAMETERS,
  type Parameters,
} from './operator-query.js';
import { channelDto, commandDto, connectionDto, instanceDto, operatorDto, sampleDto } from './operator-dtos.js';
import {
  channelsShape,
  commandsShape,
  connectionDetailsShape,
  connectionsShape,
  explanationShape,
  historyShape,
  operatorShape,
  statsHistoryShape,
  statsShape,
  type ChannelsDto,
  type CommandsDto,
  type ConnectionDetailsDto,
  type ConnectionsDto,
  type Explanation,
  type HistoryDto,
  type OperatorDto,
  type StatsDto,
  type StatsHistoryDto,
} from './operator-shapes.js';
import { readTopic } from './read-topic.js';
import { RealtimeController } from './realtime-route.js';

/** Inspection of all instances. For admins, with the option `operatorApi`. */
@RealtimeController('realtime', 'operators')
@UseGuards(AdminGuard)
export class OperatorsController {
  constructor(
    private readonly inspection: Inspection,
    private readonly catalogue: ChannelCatalogue,
    private readonly policy: ChannelPolicyService,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /** Returns statistics of the cluster and of each instance. Counters start at zero when an instance starts. */
  @Get('stats')
  @Header('Cache-Control', 'no-store')
  @Audited({ summary: 'Statistics of the cluster and of each instance', answer: statsShape })
  async stats(@Query() parameters: Parameters): Promise<StatsDto> {
    readQuery(parameters, {});
    const { cluster, instances, unanswered } = await this.inspection.cluster();
    const answers = [...instances].map(([instanceId, report]) => instanceDto(instanceId, report));
    return { cluster, instances: answers.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1)), unanswered };
  }

  /** Returns the metrics of the last five minutes of each instance, one sample every five seconds, oldest first. */
  @Get('stats/history')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'Metrics of the last five minutes of each instance, one sample every five seconds, oldest first',
    answer: statsHistoryShape,
    refusals: [400],
  })
  async statsHistory(@Query() parameters: Parameters): Promise<StatsHistoryDto> {
    readQuery(parameters, {});
    const { samples, unanswered } = await this.inspection.samples();
    const instances = [...samples].map(([instanceId, taken]) => ({ instanceId, samples: taken.map(sampleDto) }));
    return { instances, unanswered };
  }

  /** Returns the operator whose token the request has, and the instance that answers. */
  @Get('whoami')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'The operator whose token the request has, and the instance that answers',
    answer: operatorShape,
    refusals: [400],
  })
  whoami(@Query() parameters: Parameters, @Req() request: OperatorRequest): OperatorDto {
    readQuery(parameters, {});
    const { instanceId, host } = this.inspection;
    return operatorDto(request.operator!, instanceId, host);
  }

  /** Returns a page of the matching connections. */
  @Get('connections')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'The connections of all instances, page by page',
    query: CONNECTION_PARAMETERS,
    answer: connectionsShape,
    refusals: [400],
  })
  async connections(@Query() parameters: Parameters): Promise<ConnectionsDto> {
    const { query, limit, instance } = readConnectionQuery(parameters);
    const { rows, total, end, unanswered } = await this.inspection.connections(query, limit, instance);
    return { connections: rows.map(connectionDto), total, next: end && writeCursor(end), unanswered };
  }

  /** Returns one connection, with its channels. */
  @Get('connections/:id')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'One connection, with its channels',
    path: { id: 'The id of a connection' },
    answer: connectionDetailsShape,
    refusals: [404, 503],
  })
  async connection(@Param('id') id: string): Promise<ConnectionDetailsDto> {
    const { row, unanswered } = await this.inspection.connection(id);
    if (row !== null) {
      const { channels, limitedTo, userAgent } = row;
      const optional = { ...(limitedTo !== undefined && { limitedTo }), ...(userAgent !== null && { userAgent }) };
      return { ...connectionDto(row), channels, ...optional };
    }
    if (unanswered.length > 0) {
      throw new ServiceUnavailableException(`It may be on an instance that did not answer: ${unanswered.join(', ')}`);
    }
    throw new NotFoundException('Connection not found: it may have been closed');
  }

  /** Returns a page of the channels that have subscribers, sorted by name. */
  @Get('channels')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'The channels that have subscribers, by name, page by page',
    query: CHANNEL_PARAMETERS,
    answer: channelsShape,
    refusals: [400],
  })
  async channels(@Query() parameters: Parameters): Promise<ChannelsDto> {
    const { query, limit } = readChannelQuery(parameters);
    const { rows, total, end, unanswered } = await this.inspection.channels(query, limit);
    const channels = rows.map((row) => channelDto(row, this.catalogue.patternOf(channelOf(row.topic))));
    return { channels, total, next: end === null ? null : writeCursor({ topic: end }), unanswered };
  }

  /** Returns the calls of each command, by name. */
  @Get('commands')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'The commands of the application with their calls, by name',
    answer: commandsShape,
    refusals: [400],
  })
  async commands(@Query() parameters: Parameters): Promise<CommandsDto> {
    readQuery(parameters, {});
    const { rows, unanswered } = await this.inspection.commands();
    return { commands: rows.map(commandDto), unanswered };
  }

  /** Returns a page of the history of a channel, oldest first, with the fields that the admin's role can see. */
  @Get('channels/:channel/history')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'A page of the history of a channel, oldest first, as clients receive them',
    path: { channel: 'The name of a channel' },
    query: HISTORY_PARAMETERS,
    answer: historyShape,
    refusals: [400, 404, 503],
  })
  async history(
    @Param('channel') channel: string,
    @Query() parameters: Parameters,
    @Req() request: OperatorRequest,
  ): Promise<HistoryDto> {
    const { limit, before, tenant } = readHistoryQuery(parameters);
    const { topic, found } = readTopic(this.catalogue, this.options, channel, tenant);
    const { fields } = found;
    const view = this.policy.viewOf(request.operator!, channel);
    try {
      return { channel, ...(await this.inspection.history(topic, before, limit, fields, view)) };
    } catch (error) {
      if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }

  /** Explains why a user can or cannot use a channel; without `user`, a client without a token. */
  @Get('explain')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'Explains why a user can or cannot use a channel',
    query: EXPLAIN_PARAMETERS,
    required: ['channel'],
    answer: explanationShape,
    refusals: [400],
  })
  async explain(@Query() parameters: Parameters): Promise<Explanation> {
    const { principal, channel } = readExplainQuery(parameters, this.options);
    const explained = await this.policy.explain(principal, channel);
    const explanation = explanationOf(explained);
    // The body is the same. The status 503 says that nothing was decided and the call can be repeated.
    if (explained.verdict === 'unavailable') throw new ServiceUnavailableException(explanation);
    return explanation;
  }
}
