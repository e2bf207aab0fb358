import { ForbiddenException, Get, Options, Param, Post, Req, Res } from '@nestjs/common';
import { ReadsItsBody } from '../http/deferred-bodies.js';
import { Documented, Undocumented } from '../http/documented.js';
import { object, oneOrMany } from '../http/shape.js';
import { Accepted, RawAnswer } from '../http/direct-reply.interceptor.js';
import { RealtimeController } from '../http/realtime-route.js';
import { allowOrigin, allowRequests } from './cors.js';
import { FOREIGN_ORIGIN } from './refuse-stream.js';
import { StreamFrames } from './stream-frames.js';
import { StreamRequests } from './stream-requests.js';
import { exchangeOf, takeOver, type FrameworkRequest, type FrameworkResponse } from './stream-client.js';

const PARAMETERS = {
  channels: 'Channels and wildcards, separated by commas',
  cursor: 'The last `id` of an earlier stream, to resume; the header `Last-Event-ID` overrides it',
  ticket: 'A ticket of `POST /realtime/tickets`, for clients that cannot send headers',
};

/** Serves connections over HTTP: the events as server-sent events, and the frames of the client with requests. */
@RealtimeController('realtime/stream', 'stream')
export class StreamController {
  constructor(
    private readonly requests: StreamRequests,
    private readonly frames: StreamFrames,
  ) {}

  /** Opens a stream of server-sent events. It has the frames of a WebSocket, and subscribes to the channels of the query. */
  @Get()
  @Documented({
    summary: 'A stream of server-sent events (`text/event-stream`)',
    description: 'For every client. Each message is a frame of the WebSocket protocol.',
    query: PARAMETERS,
    refusals: [400, 429, 503],
  })
  async open(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<RawAnswer> {
    const respond = await this.requests.decide(exchangeOf(request, response));
    return new RawAnswer(() => {
      takeOver(response);
      respond();
    });
  }

  /** Takes frames of the client of a stream, in order. The answers come on the stream. */
  @Post(':connectionId/frames')
  @ReadsItsBody()
  @Documented({
    summary: 'Hands frames over to the connection of a stream',
    description: 'For the user of the stream. The answers come on the stream.',
    path: { connectionId: 'The `connectionId` of the frame `connected`' },
    body: oneOrMany(object),
    status: 202,
    refusals: [400, 404, 429, 503],
  })
  async take(
    @Param('connectionId') connectionId: string,
    @Req() request: FrameworkRequest,
    @Res() response: FrameworkResponse,
  ): Promise<Accepted> {
    await this.readableBy(request, response);
    await this.frames.take(connectionId, request);
    return new Accepted();
  }

  /** Answers the preflight request of a browser for a page of another origin. */
  @Options()
  @Undocumented()
  preflight(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<RawAnswer> {
    return this.answerPreflight(request, response);
  }

  @Options(':connectionId/frames')
  @Undocumented()
  preflightOfFrames(@Req() request: FrameworkRequest, @Res() response: FrameworkResponse): Promise<RawAnswer> {
    return this.answerPreflight(request, response);
  }

  private async answerPreflight(request: FrameworkRequest, response: FrameworkResponse): Promise<RawAnswer> {
    const exchange = exchangeOf(request, response);
    const isAllowed = await this.requests.allows(exchange.request);
    return new RawAnswer(() => {
      takeOver(response);
      if (isAllowed) allowRequests(exchange.request, exchange.response);
      exchange.response.writeHead(204).end();
    });
  }

  /** @throws ForbiddenException if the page has another origin that is not allowed */
  private async readableBy(framework: FrameworkRequest, response: FrameworkResponse): Promise<void> {
    const exchange = exchangeOf(framework, response);
    if (!(await this.requests.allows(exchange.request))) throw new ForbiddenException(FOREIGN_ORIGIN);
    allowOrigin(exchange.request, exchange.response);
  }
}
