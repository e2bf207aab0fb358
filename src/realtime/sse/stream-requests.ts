import { Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeClientFrame, isWildcard, MAX_TARGETS, wildcardPrefix } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { findChannels } from '../auth/token-source.js';
import { ChannelPolicyService } from '../channels/channel-policy.service.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { cursorBytes, MAX_CURSOR_BYTES, StreamCursor } from '../connections/stream-cursor.js';
import { AuditLog } from '../gateway/audit/audit-log.service.js';
import type { ClientAddress } from '../gateway/client-address.js';
import { DRAINING } from '../gateway/connection-admission.js';
import { isWithinConnectionLimits } from '../gateway/connection-limits.js';
import { OriginPolicy } from '../gateway/origin-policy.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { Counters } from '../observability/counters.js';
import { safely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { allowOrigin } from './cors.js';
import { refusalOf, refuseStream, type StreamRefusal } from './refuse-stream.js';
import { endSession, hasEnded, isOfUnixSocket, reportEnd, type Exchange } from './stream-client.js';
import { StreamPlaces } from './stream-places.js';
import { StreamTransport, type StreamBody } from './stream-transport.js';

/** Time after which an `EventSource` reconnects after its response ended, in milliseconds: a random time from this to twice this. */
const RECONNECT_MS = 1_500;

/** Stands for the channels of a wildcard whose policy is not asked yet, to estimate the size of a cursor. */
const POLICY_NAME = 'n'.repeat(64);

/** Opens streams: turns a request and its response into a connection. */
@Injectable()
export class StreamRequests {
  private readonly origins: OriginPolicy;
  private readonly maxTargets: number;

  constructor(
    private readonly server: RealtimeServer,
    private readonly policy: ChannelPolicyService,
    private readonly registry: ConnectionRegistry,
    private readonly counters: Counters,
    private readonly auditLog: AuditLog,
    private readonly places: StreamPlaces,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.origins = new OriginPolicy(options);
    this.maxTargets = Math.max(MAX_TARGETS, options.maxSubscriptionsPerConnection);
  }

  /** Returns true if pages of the origin of this request can use streams. */
  allows(request: IncomingMessage): Promise<boolean> {
    return this.origins.allows(request);
  }

  /**
   * Decides about a request for a stream. The stream counts against the limits from then on, until its response closes.
   * @returns a function that opens or refuses the stream
   */
  async decide(exchange: Exchange): Promise<() => void> {
    const { request, response } = exchange;
    // Without a listener, a reset of the connection would end the process.
    for (const side of [request, response]) side.on('error', ignore);
    // The application's guards can take time.
    if (hasEnded(exchange)) return ignore;
    reportEnd(exchange);
    if (request.method !== 'GET') return () => refuseStream(exchange, { status: 405, message: 'Send GET' });
    const admission = await this.server.admit(request, response, () => isOfUnixSocket(request));
    if ('client' in admission) return () => this.open(exchange, admission.principal, admission.client);
    const isForeign = 'outcome' in admission && admission.outcome === 'origin_refused';
    const isReadable = !isForeign && (await this.allows(request));
    return () => {
      if (isReadable) allowOrigin(request, response);
      refuseStream(exchange, refusalOf(admission));
    };
  }

  private open(exchange: Exchange, principal: Principal | null, client: ClientAddress): void {
    const { request, response } = exchange;
    if (hasEnded(exchange)) return;
    allowOrigin(request, response);
    const named = findChannels(request) ?? [];
    const refusal = this.problemOf(named, principal) ?? this.overLimit(principal, client);
    if (refusal !== null) return refuseStream(exchange, refusal);
    if (this.server.draining) return refuseStream(exchange, refusalOf(DRAINING));
    this.start(exchange, named, principal, client);
  }

  private start(
    { request, response }: Exchange,
    named: readonly string[],
    principal: Principal | null,
    client: ClientAddress,
  ): void {
    const body = begin(request, response);
    const carrier = request.httpVersionMajor === 1 ? request.socket : response;
    const cursor = new StreamCursor(named, receivedCursor(request));
    const transport = new StreamTransport(response, body, carrier, cursor, this.options.closeTimeoutMs);
    let end = (): void => undefined;
    response.once(
      'close',
      safely('The end of a stream', () => {
        transport.closed();
        end();
        if (this.server.draining) endSession(request);
      }),
    );
    transport.reconnectAfter(RECONNECT_MS * (1 + Math.random()));
    const { connections } = this.server;
    const connection = connections.open(transport, request, principal, client, this.places.newId());
    transport.onAlive = () => {
      connection.alive = true;
    };
    end = () => connections.end(connection, transport.code);
  }

  /** Checks the channels of a request like those of a frame, and the size of their cursor. */
  private problemOf(named: readonly string[], principal: Principal | null): StreamRefusal | null {
    if (principal === null && !this.options.anonymous) {
      return { status: 401, message: 'Send a token: Authorization: Bearer …, or ?ticket= of POST /realtime/tickets' };
    }
    if (named.length === 0) return null;
    const { bad } = decodeClientFrame(JSON.stringify({ type: 'subscribe', channels: named }), this.maxTargets);
    if (bad !== undefined) {
      const problems = (bad.details ?? []).map(({ field, message }) => `${field} ${message}`);
      return { status: 400, message: problems.length === 0 ? bad.message : problems.join('; ') };
    }
    const bytes = cursorBytes(this.channelsOf(named, principal));
    if (bytes <= MAX_CURSOR_BYTES) return null;
    const message = `The cursor of these channels can have ${bytes} bytes, and at most ${MAX_CURSOR_BYTES}: name fewer channels, or subscribe to some with POST /realtime/stream/{connectionId}/frames`;
    return { status: 400, message };
  }

  private channelsOf(named: readonly string[], principal: Principal | null): string[] {
    const listed = named.some(isWildcard) ? this.policy.authorizedChannels(principal) : [];
    return [...new Set(named)].flatMap((name) => {
      if (!isWildcard(name)) return [name];
      const ofPolicies = new Array<string>(this.policy.callsFor(principal, name)).fill(POLICY_NAME);
      return [...listed.filter((channel) => channel.startsWith(wildcardPrefix(name))), ...ofPolicies];
    });
  }

  private overLimit(principal: Principal | null, { address }: ClientAddress): StreamRefusal | null {
    if (principal === null || isWithinConnectionLimits(this.registry, this.options, principal)) return null;
    this.counters.handshakes.add('too_many_connections');
    this.auditLog.refused('too_many_connections', { address, principal });
    return refusalOf({ code: 'too_many_connections', close: 'tooManyConnections' });
  }
}

/**
 * Sends the head of a stream.
 * @returns the writer of its body. Over HTTP/1 it is the socket: the response is not chunked and ends with its connection, so the
 * socket can be written directly, at a third of the cost
 */
function begin(request: IncomingMessage, response: ServerResponse): StreamBody {
  const isHttp1 = request.httpVersionMajor === 1;
  if (isHttp1) {
    // The next request of this client must be free to reach another instance.
    response.setHeader('Connection', 'close');
    response.useChunkedEncodingByDefault = false;
    request.socket.setNoDelay(true);
    request.socket.setTimeout(0);
  } else response.setTimeout(0);
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    // `no-transform` keeps proxies and middleware from compressing, which would hold frames back.
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no', // nginx
  });
  response.flushHeaders();
  // The socket is missing while an earlier request on this connection is answered.
  return isHttp1 && response.socket !== null ? response.socket : response;
}

/** The header is newer: an `EventSource` repeats its URL. */
function receivedCursor({ headers, url = '' }: IncomingMessage): string | null {
  const header = headers['last-event-id'];
  if (typeof header === 'string' && header !== '') return header;
  const question = url.indexOf('?');
  const cursor = question < 0 ? null : new URLSearchParams(url.slice(question + 1)).get('cursor');
  return cursor === '' ? null : cursor;
}

function ignore(): void {}
