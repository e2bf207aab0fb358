import { STATUS_CODES } from 'node:http';
import { BadRequestException, ForbiddenException, HttpException, Post, Req, UseGuards } from '@nestjs/common';
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
   * are published in its order. Answers `{ id, channel, timestamp }`, or a list of them; if one of a list fails, 503 or 429 with
   * `results`, an answer for each event.
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
    const settled = await Promise.allSettled(publishers.map((publish) => publish()));
    const failed = settled.filter((one) => one.status === 'rejected');
    if (failed.length === 0) {
      const emitted = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      return Array.isArray(body) ? emitted : emitted[0]!;
    }
    throw refusalOf(failed[0]!.reason, Array.isArray(body) ? settled : null);
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

/** @param settled what became of each event of a list, some of which may be published; `null` for a single event */
function refusalOf(error: unknown, settled: readonly PromiseSettledResult<EmittedEvent>[] | null): unknown {
  const statusCode = error instanceof TenantBusyError ? 429 : error instanceof RealtimeUnavailableError ? 503 : null;
  if (statusCode === null) return error;
  const body = { statusCode, error: STATUS_CODES[statusCode], ...problemOf(error) };
  if (settled === null) return new HttpException(body, statusCode);
  const results = settled.map((one) => (one.status === 'fulfilled' ? one.value : { error: problemOf(one.reason) }));
  return new HttpException({ ...body, results }, statusCode);
}

function problemOf(error: unknown): { readonly message: string; readonly mayBePublished: boolean } {
  if (error instanceof RealtimeUnavailableError)
    return { message: error.message, mayBePublished: error.mayBePublished };
  if (error instanceof TenantBusyError) return { message: error.message, mayBePublished: false };
  return { message: 'Internal server error', mayBePublished: true };
}
