import { STATUS_CODES } from 'node:http';
import { BadRequestException, ForbiddenException, HttpException, Injectable } from '@nestjs/common';
import type { FieldProblem } from '../../protocol/index.js';
import { AuditLog } from '../gateway/audit/audit-log.service.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { TimeSlices } from '../gateway/time-slices.js';
import type { PublishOperation } from '../options/publish-keys.js';
import type { EmittedEvent } from '../publishing/emitted-event.js';
import { InvalidEventError, RealtimeUnavailableError, TenantBusyError } from '../publishing/errors.js';
import { EventsPublisher } from '../publishing/events-publisher.js';
import type { Publisher } from './publish.guard.js';
import { fieldOf, isListOfEvents, MAX_PROBLEMS, readPublishBody, type EventToPublish } from './publish-body.js';
import { channelProblem, operationProblem, tenantScopeProblem, type PublishKey } from './publish-keys.js';
import { RequestClients, type HttpRequest } from './request-client.js';

/** Publishes the events of authenticated requests. */
@Injectable()
export class PublishRequests {
  constructor(
    private readonly events: EventsPublisher,
    private readonly catalogue: ChannelCatalogue,
    private readonly auditLog: AuditLog,
    private readonly clients: RequestClients,
  ) {}

  /**
   * @param body `{ channel, data, idempotencyKey?, tenant?, except? }`, or `channels` instead of `channel`, or a list of them
   * @returns `{ id, channel, timestamp }`, or a list of them, one per channel
   * @throws HttpException with a sentence that says what is wrong; nothing is published if the body is
   */
  async publish(request: HttpRequest, publisher: Publisher, body: unknown): Promise<EmittedEvent | EmittedEvent[]> {
    const client = this.clients.of(request, publisher.principal);
    const { events, problems } = readPublishBody(body);
    const isList = isListOfEvents(body);
    const targets = events.map((event) => ({
      ...event,
      options: { ...event.options, ...tenantFor(publisher, event) },
    }));
    const beyond = this.beyondScope(publisher.key, isList ? 'batch' : 'publish', events);
    if (beyond !== null) {
      this.auditLog.publishRefused(client, publisher.key!.name, beyond);
      throw new ForbiddenException(beyond);
    }
    const slices = new TimeSlices();
    const publishers: (() => Promise<EmittedEvent>)[] = [];
    for (const event of targets) {
      await slices.next();
      publishers.push(...this.prepare(event, problems));
    }
    if (problems.length > 0)
      throw new BadRequestException({
        statusCode: 400,
        error: 'Bad Request',
        message: 'Nothing was published',
        details: problems,
      });
    const settled = await Promise.allSettled(publishers.map((publish) => publish()));
    const published = targets.filter((_, index) => isPublished(settled[index]!));
    this.auditLog.published(client, publisher.key?.name ?? null, published.map(channelAndTenant));
    const failed = settled.filter((one) => one.status === 'rejected');
    if (failed.length === 0) {
      const emitted = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      return isList ? emitted : emitted[0]!;
    }
    throw refusalOf(failed[0]!.reason, isList ? settled : null);
  }

  /** Returns the reason why the key cannot publish these events. Returns `null` if it can, or if there is no key. */
  private beyondScope(
    key: PublishKey | null,
    operation: PublishOperation,
    events: readonly EventToPublish[],
  ): string | null {
    if (key === null) return null;
    const problem = operationProblem(key, operation);
    if (problem !== null) return problem;
    for (const { channel, options } of events) {
      const isGlobal = this.catalogue.find(channel)?.global === true;
      const found = channelProblem(key, channel) ?? tenantScopeProblem(key, options.tenant, isGlobal);
      if (found !== null) return found;
    }
    return null;
  }

  /**
   * Returns a function that publishes the event. Returns an empty list for an invalid event and adds its problem, or if
   * the answer already lists the maximum of problems.
   */
  private prepare(event: EventToPublish, problems: FieldProblem[]) {
    if (problems.length >= MAX_PROBLEMS) return [];
    try {
      return [this.events.prepare(event.channel, event.data, event.options)];
    } catch (error) {
      if (!(error instanceof InvalidEventError)) throw error;
      problems.push({ field: fieldOf(event, error.field), message: error.problem });
      return [];
    }
  }
}

/**
 * Returns the tenant of an event. It is passed explicitly, so that a global channel, which belongs to no tenant, is
 * refused.
 * @throws ForbiddenException if an admin of a tenant names another tenant
 */
function tenantFor({ principal, key }: Publisher, { options }: EventToPublish): { readonly tenant?: string } {
  if (key?.tenants?.length === 1) return { tenant: options.tenant ?? key.tenants[0]! };
  const home = principal?.homeTenant ?? null;
  if (home === null) return {};
  if ((options.tenant ?? home) !== home) {
    throw new ForbiddenException('Only platform administrators can choose another tenant');
  }
  return { tenant: home };
}

function isPublished(settled: PromiseSettledResult<EmittedEvent>): boolean {
  return settled.status === 'fulfilled' && settled.value.dropped !== true;
}

function channelAndTenant({ channel, options }: EventToPublish): {
  readonly channel: string;
  readonly tenant: string | null;
} {
  return { channel, tenant: options.tenant ?? null };
}

/** @param settled results of the events of a list, some of which may be published; `null` for a single event */
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
