import {
  BadRequestException,
  ForbiddenException,
  HttpException,
  Post,
  Req,
  ServiceUnavailableException,
  UseGuards,
} from '@nestjs/common';
import type { FieldProblem } from '../../protocol/index.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { InvalidEventError, RealtimeUnavailableError, TenantBusyError } from '../publishing/errors.js';
import { EventsPublisher, type EmittedEvent } from '../publishing/events-publisher.js';
import { maxBodyBytes } from './body-limit.js';
import { bodyOf, ReadsItsBody } from './deferred-bodies.js';
import { PublishGuard, type PublishRequest } from './publish.guard.js';
import { readPublishBody, type EventToPublish } from './publish-body.js';
import { RealtimeController } from './realtime-route.js';

/** Publishing over HTTP, for services that are not written in Node. */
@RealtimeController('realtime/events', 'publish')
@UseGuards(PublishGuard)
export class EventsController {
  private readonly limit: number;

  constructor(
    private readonly events: EventsPublisher,
    options: ResolvedRealtimeOptions,
  ) {
    this.limit = maxBodyBytes(options);
  }

  /**
   * `{ channel, data, idempotencyKey?, tenant? }`, or a list of them. All of a list is checked before the first is published; they
   * are published in its order. Answers `{ id, channel, timestamp }`, or a list of them.
   */
  @Post()
  @ReadsItsBody()
  async publish(@Req() request: PublishRequest): Promise<EmittedEvent | EmittedEvent[]> {
    const body = await bodyOf(request, this.limit);
    const { events, problems } = readPublishBody(body);
    const publishers = events.flatMap((event) => this.prepare(event, request.tenantOfPublisher ?? null, problems));
    if (problems.length > 0)
      throw new BadRequestException({
        statusCode: 400,
        error: 'Bad Request',
        message: 'Nothing was published',
        details: problems,
      });
    try {
      const emitted = await Promise.all(publishers.map((publish) => publish()));
      return Array.isArray(body) ? emitted : emitted[0]!;
    } catch (error) {
      if (error instanceof TenantBusyError) throw new HttpException(error.message, 429);
      if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }

  /**
   * What publishes this event, or nothing and one problem more.
   * @param home the tenant whose administrator publishes, who has no say for others; `null` for the platform
   */
  private prepare({ channel, data, options, field }: EventToPublish, home: string | null, problems: FieldProblem[]) {
    if (home !== null && (options.tenant ?? home) !== home) {
      throw new ForbiddenException('Only administrators of the platform may name another tenant');
    }
    try {
      // Named, and not left to be found: a global channel, which is no tenant's, is refused then.
      return [this.events.prepare(channel, data, home === null ? options : { ...options, tenant: home })];
    } catch (error) {
      if (!(error instanceof InvalidEventError)) throw error;
      problems.push({ field: field + error.field, message: error.problem });
      return [];
    }
  }
}
