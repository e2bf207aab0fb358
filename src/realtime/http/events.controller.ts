import { BadRequestException, Body, Controller, Post, ServiceUnavailableException, UseGuards } from '@nestjs/common';
import type { FieldProblem } from '../../protocol/index.js';
import { InvalidEventError, RealtimeUnavailableError } from '../publishing/errors.js';
import { EventsPublisher, type EmittedEvent } from '../publishing/events-publisher.js';
import { PublishGuard } from './publish.guard.js';
import { readPublishBody, type EventToPublish } from './publish-body.js';

/** Publishing over HTTP, for services that are not written in Node. */
@Controller('realtime/events')
@UseGuards(PublishGuard)
export class EventsController {
  constructor(private readonly events: EventsPublisher) {}

  /**
   * `{ channel, data, idempotencyKey? }`, or a list of them. All of a list is checked before the first is published; they
   * are published in its order. Answers `{ id, channel, timestamp }`, or a list of them.
   */
  @Post()
  async publish(@Body() body: unknown): Promise<EmittedEvent | EmittedEvent[]> {
    const { events, problems } = readPublishBody(body);
    const publishers = events.flatMap((event) => this.prepare(event, problems));
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
      if (error instanceof RealtimeUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }

  /** What publishes this event, or nothing and one problem more. */
  private prepare({ channel, data, options, field }: EventToPublish, problems: FieldProblem[]) {
    try {
      return [this.events.prepare(channel, data, options)];
    } catch (error) {
      if (!(error instanceof InvalidEventError)) throw error;
      problems.push({ field: field + error.field, message: error.problem });
      return [];
    }
  }
}
