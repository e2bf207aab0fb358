import {
  BadRequestException,
  ForbiddenException,
  Get,
  Header,
  HttpException,
  NotFoundException,
  Param,
  Query,
  Req,
  Res,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import {
  formatPosition,
  HISTORY_LIMIT,
  MAX_EVENT_ID_LENGTH,
  MAX_HISTORY_EVENTS,
  ProtocolError,
} from '../../protocol/index.js';
import { limitedUserOf } from '../auth/guest.js';
import { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { topicFor } from '../channels/topic-for.js';
import { RedisBridge } from '../delivery/redis-bridge.service.js';
import { ClientAddresses } from '../gateway/client-address.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RequestBudget, type Payer } from '../timing/request-budget.js';
import { sleep } from '../timing/retry.js';
import { clientOf } from '../http/bearer.js';
import { Documented } from '../http/documented.js';
import { readQuery, type Parameters } from '../http/operator-query.js';
import { eventPageShape, type EventPageDto } from '../http/operator-shapes.js';
import { RealtimeController } from '../http/realtime-route.js';
import type { HttpRequest } from '../http/request-client.js';
import { EventWaits, MAX_WAIT_SECONDS } from './event-waits.js';
import { exchangeOf, type FrameworkRequest, type FrameworkResponse } from './stream-client.js';

/** Cost of a request before its answer, in bytes: that of the `history` frame. */
const COST = 4_096;

const PARAMETERS = {
  before: 'The id of an event: the page ends directly before it; omitted: with the last event',
  after: '`lastEventId` of the last answer: the page begins directly after it',
  wait: `With \`after\`: seconds to wait for an event if there is none, at most ${MAX_WAIT_SECONDS}; default 0`,
  limit: `Number of events, from 1, at most ${MAX_HISTORY_EVENTS}; default ${HISTORY_LIMIT}`,
};

/** The range of a request. */
interface Range {
  readonly before?: string;
  readonly after?: string;
  readonly waitMs: number;
  readonly limit: number;
}

/**
 * Pages of a channel's history, for every client that can subscribe to it: the `history` frame over HTTP. With `after`, the events
 * since the last request, for jobs and long polling.
 */
@RealtimeController('realtime/channels', 'history')
export class HistoryController {
  private readonly addresses: ClientAddresses;

  constructor(
    private readonly auth: AuthService,
    private readonly policy: ChannelPolicyService,
    private readonly bridge: RedisBridge,
    private readonly budget: RequestBudget,
    private readonly waits: EventWaits,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.addresses = new ClientAddresses(options.trustedProxies);
  }

  /** Returns a page of kept events, oldest first, with the fields that this client receives live. */
  @Get(':channel/events')
  @Header('Cache-Control', 'no-store')
  @Documented({
    summary: 'A page of the kept events of a channel, oldest first',
    description: 'For every client that can subscribe to the channel. With `after`: the events since the last request.',
    path: { channel: 'The name of a channel' },
    query: PARAMETERS,
    answer: eventPageShape,
    refusals: [400, 404, 429, 503],
  })
  async events(
    @Param('channel') name: string,
    @Query() parameters: Parameters,
    @Req() request: FrameworkRequest,
    @Res() response: FrameworkResponse,
  ): Promise<EventPageDto> {
    const range = readRange(parameters);
    const page = await this.page(name, range, request);
    const { lastEventId } = page;
    if (range.waitMs === 0 || page.events.length > 0 || page.recovered !== true || lastEventId === undefined)
      return page;
    await this.waits.untilEvent(exchangeOf(request, response), name, lastEventId, range.waitMs);
    // The token can have expired meanwhile, and the right to read can have changed.
    return this.page(name, range, request);
  }

  private async page(name: string, range: Range, request: HttpRequest): Promise<EventPageDto> {
    const principal = await clientOf(this.auth, request.headers);
    if (principal === null && !this.options.anonymous) {
      throw new UnauthorizedException('Send a token: Authorization: Bearer …');
    }
    const payer = this.payerOf(request, principal);
    const waitMs = this.budget.charge(payer, COST);
    if (waitMs === null) throw new HttpException('The requests of this client exceed its budget: try again later', 429);
    if (waitMs > 0) await sleep(waitMs);
    try {
      const { channel, granted } = await this.policy.authorize(
        principal,
        name,
        Infinity,
        payer.countedAs ?? payer.address,
      );
      const topic = topicFor(principal, name, channel);
      const { after } = range;
      const page = await (after === undefined
        ? this.bridge.pages.read(topic, name, channel, range)
        : this.bridge.pages.readAfter(topic, name, channel, { ...range, after }));
      this.budget.chargeUnconditionally(payer, Math.max(0, page.bytes - COST));
      const { more, reason, next } = page;
      return {
        channel: name,
        events: page.events(this.policy.viewOf(principal, name, granted)),
        more,
        ...(next !== null && { lastEventId: formatPosition(next) }),
        ...(after !== undefined && { recovered: reason === undefined }),
        ...(reason !== undefined && { reason }),
      };
    } catch (error) {
      throw error instanceof ProtocolError ? httpErrorOf(error) : error;
    }
  }

  private payerOf(request: HttpRequest, principal: Principal | null): Payer {
    const { address, countedAs } = this.addresses.of(request);
    return { id: `http ${limitedUserOf(principal) ?? address}`, principal, address, countedAs, unpaidBytes: 0 };
  }
}

/** @throws BadRequestException (400) with a sentence */
function readRange(parameters: Parameters): Range {
  const { before, after, wait, limit = String(HISTORY_LIMIT) } = readQuery(parameters, PARAMETERS);
  if (!/^0*[1-9]\d*$/.test(limit)) throw new BadRequestException('limit must be a whole number from 1');
  for (const [field, id] of Object.entries({ before, after })) {
    if (id !== undefined && id.length > MAX_EVENT_ID_LENGTH) {
      throw new BadRequestException(`${field} must have at most ${MAX_EVENT_ID_LENGTH} characters`);
    }
  }
  if (before !== undefined && after !== undefined) throw new BadRequestException('Send before or after, not both');
  if (wait !== undefined && !/^\d+$/.test(wait))
    throw new BadRequestException('wait must be a whole number of seconds');
  if (wait !== undefined && after === undefined) {
    throw new BadRequestException('wait needs after: send lastEventId of the last answer');
  }
  return {
    limit: Math.min(Number(limit), MAX_HISTORY_EVENTS),
    waitMs: Math.min(Number(wait ?? 0), MAX_WAIT_SECONDS) * 1_000,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}

function httpErrorOf({ code, message }: ProtocolError): HttpException {
  if (code === 'forbidden') return new ForbiddenException(message);
  if (code === 'unknown_channel') return new NotFoundException(message);
  return new ServiceUnavailableException(message);
}
