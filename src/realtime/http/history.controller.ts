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
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { HISTORY_LIMIT, MAX_EVENT_ID_LENGTH, MAX_HISTORY_EVENTS, ProtocolError } from '../../protocol/index.js';
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
import { clientOf } from './bearer.js';
import { Documented } from './documented.js';
import { readQuery, type Parameters } from './operator-query.js';
import { eventPageShape, type EventPageDto } from './operator-shapes.js';
import { RealtimeController } from './realtime-route.js';
import type { HttpRequest } from './request-client.js';

/** Cost of a request before its answer, in bytes: that of the `history` frame. */
const COST = 4_096;

const PARAMETERS = {
  before: 'The id of an event: the page ends directly before it; omitted: with the last event',
  limit: `Number of events, from 1, at most ${MAX_HISTORY_EVENTS}; default ${HISTORY_LIMIT}`,
};

/** Pages of a channel's history, for every client that can subscribe to it: the `history` frame over HTTP. */
@RealtimeController('realtime/channels', 'history')
export class HistoryController {
  private readonly addresses: ClientAddresses;

  constructor(
    private readonly auth: AuthService,
    private readonly policy: ChannelPolicyService,
    private readonly bridge: RedisBridge,
    private readonly budget: RequestBudget,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.addresses = new ClientAddresses(options.trustedProxies);
  }

  /** Returns a page of kept events, oldest first, with the fields that this client receives live. */
  @Get(':channel/events')
  @Header('Cache-Control', 'no-store')
  @Documented({
    summary: 'A page of the kept events of a channel, oldest first',
    description: 'For every client that can subscribe to the channel.',
    path: { channel: 'The name of a channel' },
    query: PARAMETERS,
    answer: eventPageShape,
    refusals: [400, 404, 429, 503],
  })
  async events(
    @Param('channel') name: string,
    @Query() parameters: Parameters,
    @Req() request: HttpRequest,
  ): Promise<EventPageDto> {
    const range = readRange(parameters);
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
      const page = await this.bridge.pages.read(topicFor(principal, name, channel), name, channel, range);
      this.budget.chargeUnconditionally(payer, Math.max(0, page.bytes - COST));
      const { more, reason } = page;
      const events = page.events(this.policy.viewOf(principal, name, granted));
      return { channel: name, events, more, ...(reason === undefined ? {} : { reason }) };
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
function readRange(parameters: Parameters): { readonly before?: string; readonly limit: number } {
  const { before, limit = String(HISTORY_LIMIT) } = readQuery(parameters, PARAMETERS);
  if (!/^0*[1-9]\d*$/.test(limit)) throw new BadRequestException('limit must be a whole number from 1');
  if (before !== undefined && before.length > MAX_EVENT_ID_LENGTH) {
    throw new BadRequestException(`before must have at most ${MAX_EVENT_ID_LENGTH} characters`);
  }
  return { limit: Math.min(Number(limit), MAX_HISTORY_EVENTS), ...(before === undefined ? {} : { before }) };
}

function httpErrorOf({ code, message }: ProtocolError): HttpException {
  if (code === 'forbidden') return new ForbiddenException(message);
  if (code === 'unknown_channel') return new NotFoundException(message);
  return new ServiceUnavailableException(message);
}
