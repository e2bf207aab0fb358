import {
  Get,
  Header,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Query,
  ServiceUnavailableException,
  UseGuards,
} from '@nestjs/common';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { LiveResources } from '../live/live-resources.service.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RealtimeUnavailableError } from '../publishing/errors.js';
import { RealtimeStreams } from '../streams/realtime-streams.service.js';
import { channelOf } from '../tenants/topic.js';
import { AdminGuard } from './admin.guard.js';
import { Audited } from './documented.js';
import { DrainingGuard } from './draining.guard.js';
import { StateInspection } from './inspection/state-inspection.js';
import { writeCursor } from './inspection/paging.js';
import { CHANNEL_PARAMETERS, readChannelQuery, readQuery, TENANT, type Parameters } from './operator-query.js';
import { channelActionShape, liveShape, streamsShape } from './operator-shapes.js';
import type { ChannelAction, LiveDto, StreamsDto } from './operator-shapes.js';
import { readTopic } from './read-topic.js';
import { RealtimeController } from './realtime-route.js';
import { liveChannelDto, liveResourceDto, streamDto, streamPatternDto } from './state-dtos.js';

const CHANNEL = { path: { channel: 'The name of a channel' }, query: TENANT, refusals: [400, 404, 503] } as const;

/** Live resources and streams on all instances. For admins, with the option `operatorApi`. */
@RealtimeController('realtime', 'operators')
@UseGuards(AdminGuard)
export class OperatorStatesController {
  constructor(
    private readonly inspection: StateInspection,
    private readonly catalogue: ChannelCatalogue,
    private readonly resources: LiveResources,
    private readonly writtenStreams: RealtimeStreams,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /** Returns the live resources with their loads, and a page of their channels, sorted by name. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'The live resources with their loads, and their channels, by name, page by page',
    query: CHANNEL_PARAMETERS,
    answer: liveShape,
    refusals: [400],
  })
  async live(@Query() parameters: Parameters): Promise<LiveDto> {
    const { query, limit } = readChannelQuery(parameters);
    const { resources, rows, total, end, unanswered } = await this.inspection.live(query, limit);
    const channels = rows.map((row) => liveChannelDto(row, this.resources.patternOf(channelOf(row.topic)) ?? ''));
    const next = end === null ? null : writeCursor({ topic: end });
    return { resources: resources.map(liveResourceDto), channels, total, next, unanswered };
  }

  /** Returns the patterns of streams, and a page of the streams that are being written or have readers, sorted by name. */
  @Get('streams')
  @Header('Cache-Control', 'no-store')
  @Audited({
    summary: 'The streams that are being written or have readers, by name, page by page',
    query: CHANNEL_PARAMETERS,
    answer: streamsShape,
    refusals: [400],
  })
  async streams(@Query() parameters: Parameters): Promise<StreamsDto> {
    const { query, limit } = readChannelQuery(parameters);
    const { patterns, rows, total, end, unanswered } = await this.inspection.streams(query, limit);
    const streams = rows.map((row) => streamDto(row, this.catalogue.find(channelOf(row.topic))));
    const next = end === null ? null : writeCursor({ topic: end });
    return { patterns: patterns.map(streamPatternDto), streams, total, next, unanswered };
  }

  /** Loads the state of a channel again, and sends the difference to its subscribers. */
  @Post('live/:channel/invalidate')
  @HttpCode(200)
  @UseGuards(DrainingGuard)
  @Audited({
    summary: 'Loads the state of a channel again, and sends the difference to its subscribers',
    answer: channelActionShape,
    ...CHANNEL,
  })
  async invalidateState(@Param('channel') channel: string, @Query() parameters: Parameters): Promise<ChannelAction> {
    const tenant = readQuery(parameters, TENANT);
    readTopic(this.catalogue, this.options, channel, tenant.tenant);
    if (this.resources.patternOf(channel) === null) throw new NotFoundException('The channel has no state');
    try {
      await this.resources.invalidate(channel, tenant);
    } catch (error) {
      if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
    return { channel, ...tenant };
  }

  /** Asks the writer of a stream to stop, on any instance. */
  @Post('streams/:channel/cancel')
  @HttpCode(200)
  @UseGuards(DrainingGuard)
  @Audited({
    summary: 'Asks the writer of a stream to stop: the stream becomes `cancelled`',
    answer: channelActionShape,
    ...CHANNEL,
  })
  async cancelStream(@Param('channel') channel: string, @Query() parameters: Parameters): Promise<ChannelAction> {
    const tenant = readQuery(parameters, TENANT);
    const { topic, found } = readTopic(this.catalogue, this.options, channel, tenant.tenant);
    if (found.stream === null) throw new NotFoundException('The channel is not a stream');
    const outcome = await this.writtenStreams.cancelTopic(topic);
    if (outcome === 'not_found') throw new NotFoundException('The stream is not being written');
    if (outcome === 'unavailable') {
      throw new ServiceUnavailableException('The backend or the instance of the writer does not answer');
    }
    return { channel, ...tenant };
  }
}
