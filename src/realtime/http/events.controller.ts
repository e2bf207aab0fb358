import { Post, Req, UseGuards } from '@nestjs/common';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import type { EmittedEvent } from '../publishing/emitted-event.js';
import { eventsLimit } from './body-limit.js';
import type { BodyLimit } from './read-body.js';
import { bodyOf, ReadsItsBody } from './deferred-bodies.js';
import { Documented } from './documented.js';
import { DrainingGuard } from './draining.guard.js';
import { emittedShape, eventsToPublishShape } from './operator-shapes.js';
import { PublishGuard, type PublishRequest } from './publish.guard.js';
import { PublishRequests } from './publish-requests.js';
import { RealtimeController } from './realtime-route.js';

/** Publishes events over HTTP, for services that are not written in Node. */
@RealtimeController('realtime/events', 'publish')
@UseGuards(DrainingGuard, PublishGuard)
export class EventsController {
  private readonly limit: BodyLimit;

  constructor(
    private readonly requests: PublishRequests,
    options: ResolvedRealtimeOptions,
  ) {
    this.limit = eventsLimit(options);
  }

  /**
   * Accepts `{ channel, data, idempotencyKey?, tenant?, except? }`, or `channels` instead of `channel`, or a list of them. A
   * list is validated as a whole before its first event is published; events are published in order. Answers
   * `{ id, channel, timestamp }`, or a list of them, one per channel. If an event of a list fails, answers 503 or 429 with
   * `results`, one entry per event. A key outside its scope gets 403 with a sentence that names the scope.
   */
  @Post()
  @ReadsItsBody()
  @Documented({
    summary: 'Publishes an event to one or several channels, or a list of events',
    description: 'For administrators, and for services with an `X-API-Key`.',
    body: eventsToPublishShape,
    status: 201,
    answer: emittedShape,
    refusals: [400, 503],
  })
  async publish(@Req() request: PublishRequest): Promise<EmittedEvent | EmittedEvent[]> {
    // The guard has set the publisher.
    return this.requests.publish(request, request.publisher!, await bodyOf(request, this.limit));
  }
}
