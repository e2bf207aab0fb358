import {
  BadRequestException,
  Header,
  HttpCode,
  HttpException,
  NotFoundException,
  Param,
  Post,
  Req,
  Res,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { isCallId, ProtocolError } from '../../protocol/index.js';
import { AuthService } from '../auth/auth.service.js';
import { limitedUserOf } from '../auth/guest.js';
import type { CallOutcome } from '../commands/call-outcome.js';
import type { CallRequest } from '../commands/call-runner.js';
import { RealtimeCommandService } from '../commands/realtime-commands.service.js';
import type { CallOrigin } from '../commands/running-call.js';
import { ClientAddresses } from '../gateway/client-address.js';
import { safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { RequestBudget } from '../timing/request-budget.js';
import { sleep } from '../timing/retry.js';
import { clientOf } from './bearer.js';
import { commandRefusal } from './command-refusal.js';
import { bodyOf, ReadsItsBody } from './deferred-bodies.js';
import { Documented } from './documented.js';
import { DrainingGuard } from './draining.guard.js';
import { callResultShape, callShape, type CallResultDto } from './operator-shapes.js';
import type { BodyLimit } from './read-body.js';
import { RealtimeController } from './realtime-route.js';
import type { HttpRequest } from './request-client.js';

/** Cost of a request before its answer, in bytes. */
const COST = 1_024;

interface CallBody {
  readonly callId: string;
  readonly data: unknown;
}

/** Calls of commands over HTTP: the `call` frame, with the same code behind it. */
@RealtimeController('realtime/commands', 'commands')
@UseGuards(DrainingGuard)
export class CommandsController {
  private readonly addresses: ClientAddresses;
  private readonly limit: BodyLimit;

  constructor(
    private readonly commands: RealtimeCommandService,
    private readonly auth: AuthService,
    private readonly budget: RequestBudget,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.addresses = new ClientAddresses(options.trustedProxies);
    this.limit = { bytes: options.maxFrameBytes, of: 'fields', option: 'maxFrameBytes' };
  }

  /**
   * Runs a command with `{ callId?, data? }`, and answers `{ callId, data, effects? }`. A repetition with the same `callId` gets
   * the first outcome. Errors have the fields of the `error` frame.
   */
  @Post(':name')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ReadsItsBody()
  @Documented({
    summary: 'Runs a command of the application',
    description: 'For every client with a token, if the command allows it.',
    path: { name: 'The name of a command' },
    body: callShape,
    answer: callResultShape,
    refusals: [400, 404, 429, 503],
  })
  async call(
    @Param('name') name: string,
    @Req() request: HttpRequest,
    @Res() response: HttpResponse,
  ): Promise<CallResultDto> {
    const caller = await clientOf(this.auth, request.headers);
    const isAnonymous = this.commands.commands.get(name)?.options.anonymous;
    // Before the body is read.
    if (isAnonymous === undefined && !this.commands.commands.has(name)) throw new NotFoundException('Unknown command');
    if (caller === null && (isAnonymous !== true || !this.options.anonymous)) {
      throw new UnauthorizedException('Send a token: Authorization: Bearer …');
    }
    const { address, countedAs } = this.addresses.of(request);
    const payer = {
      ...{ id: `http ${limitedUserOf(caller) ?? address}`, principal: caller, address, countedAs, unpaidBytes: 0 },
    };
    const waitMs = this.budget.charge(payer, COST);
    if (waitMs === null) throw new HttpException('The requests of this client exceed its budget: try again later', 429);
    if (waitMs > 0) await sleep(waitMs);
    const body = await bodyOf(request, this.limit);
    const { callId, data } = readBody(body);
    const bytes = Buffer.byteLength(JSON.stringify(body ?? null));
    const origin = { caller, connectionId: null, address, countedAs: countedAs ?? address, isSubscribed: () => false };
    const { json, error } = await this.outcomeOf(origin, { name, callId, data, bytes }, response);
    if (error !== undefined) throw commandRefusal(error, callId);
    this.budget.chargeUnconditionally(payer, json.length);
    return JSON.parse(`{"callId":"${callId}",${json}}`) as CallResultDto;
  }

  private outcomeOf(origin: CallOrigin, request: CallRequest, response: HttpResponse): Promise<CallOutcome> {
    return new Promise((end) => {
      try {
        const leave = this.commands.run(origin, request, { end, progress: () => undefined });
        const sent = 'raw' in response ? response.raw : response;
        sent.once('close', safely('The end of a request with a call', leave));
        if (sent.destroyed) leave();
      } catch (refusal) {
        if (!(refusal instanceof ProtocolError)) throw refusal;
        end({ error: refusal });
      }
    });
  }
}

/** The response of Express, or the reply of Fastify, which contains it. */
type HttpResponse = ServerResponse | { readonly raw: ServerResponse };

/** @throws BadRequestException (400) with a sentence */
function readBody(body: unknown): CallBody {
  if (body === undefined || body === null) return { callId: randomUUID(), data: undefined };
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw new BadRequestException('Send an object: { "callId": "…", "data": … }');
  }
  const { callId = randomUUID(), data, ...others } = body as { readonly callId?: unknown; readonly data?: unknown };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new BadRequestException(`${unknown.slice(0, 50)} is not a field of a call: send callId and data`);
  }
  if (!isCallId(callId)) throw new BadRequestException('callId must be 1 to 64 of A-Z a-z 0-9 _ . : -');
  return { callId, data };
}
