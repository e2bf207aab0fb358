import { HttpException, Injectable, InternalServerErrorException, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { applicationServer } from '../gateway/application-server.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { applicationConfigOf } from '../nest/application-config.js';
import { reportFailure, runSafely, safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { eventsLimit } from './body-limit.js';
import { pathOf, servedPath } from './deferred-bodies.js';
import { refuseWhileDraining } from './draining.guard.js';
import { PublishGuard } from './publish.guard.js';
import { PublishRequests } from './publish-requests.js';
import { readJsonBody, type BodyLimit } from './read-body.js';
import { bodyOfError } from './route-errors.filter.js';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Answers `POST /realtime/events` before the framework of the application (the option `directPublishApi`). Other spellings of
 * the path, such as one with a final slash, reach the framework, which serves the same route.
 */
@Injectable()
export class DirectPublish implements OnApplicationBootstrap {
  private readonly limit: BodyLimit;

  constructor(
    private readonly guard: PublishGuard,
    private readonly requests: PublishRequests,
    private readonly server: RealtimeServer,
    private readonly host: HttpAdapterHost,
    private readonly moduleRef: ModuleRef,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.limit = eventsLimit(options);
  }

  onApplicationBootstrap(): void {
    const server = this.options.directPublishApi ? applicationServer(this.host) : null;
    if (isHttp1(server)) this.answerBefore(server);
  }

  /** Puts this route before all listeners that the server has for requests, among them the framework. */
  private answerBefore(server: Server): void {
    const path = servedPath(applicationConfigOf(this.moduleRef));
    const listeners = server.rawListeners('request') as Listener[];
    server.removeAllListeners('request');
    server.on(
      'request',
      safely('A listener for requests', (request: IncomingMessage, response: ServerResponse) => {
        const isOwn = request.method === 'POST' && pathOf(request) === path;
        const answer = (): unknown => {
          if (isOwn) return this.answer(request, response);
          for (const listener of listeners) listener.call(server, request, response);
          return undefined;
        };
        runSafely(isOwn ? 'A request to publish' : 'A request', answer, () => response.destroy());
      }),
    );
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const published = await this.publish(request, response);
      reply(response, 201, published);
    } catch (error) {
      if (!(error instanceof HttpException)) reportFailure('A request to publish', error);
      const refusal = error instanceof HttpException ? error : new InternalServerErrorException();
      reply(response, refusal.getStatus(), bodyOfError(refusal));
    }
  }

  private async publish(request: IncomingMessage, response: ServerResponse): Promise<object> {
    await refuseWhileDraining(this.server, request, (seconds) => response.setHeader('Retry-After', seconds));
    const publisher = await this.guard.authenticate(request);
    const body = await readJsonBody(request, request.headers, this.limit);
    return this.requests.publish(request, publisher, body);
  }
}

/** Returns false for an HTTP/2 server, whose requests have another class: the framework serves them. */
function isHttp1(server: unknown): server is Server {
  return server instanceof Server || server instanceof HttpsServer;
}

function reply(response: ServerResponse, status: number, body: object): void {
  const json = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(json),
  });
  response.end(json);
}
