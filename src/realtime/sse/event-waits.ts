import { HttpException, Injectable } from '@nestjs/common';
import type { ErrorCode, Unstamped } from '../../protocol/index.js';
import type { ClientAddress } from '../gateway/client-address.js';
import type { Principal } from '../auth/principal.js';
import type { HttpRefusal } from '../gateway/connection-admission.js';
import type { Refusal } from '../gateway/handshake-authenticator.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { safely } from '../observability/run-safely.js';
import { refusalOf } from './refuse-stream.js';
import { hasEnded, isOfUnixSocket, reportEnd, type Exchange } from './stream-client.js';
import { WaitTransport } from './wait-transport.js';

/** Maximum of `wait`, in seconds. Many proxies end a request that takes longer. */
export const MAX_WAIT_SECONDS = 60;

/** The `ref` of the subscribe frame of a wait. */
const REF = 'wait';

/** Waits for events on behalf of HTTP requests. Each wait is a connection, with the policies and limits of all connections. */
@Injectable()
export class EventWaits {
  constructor(private readonly server: RealtimeServer) {}

  /**
   * Resolves when the channel has an event after the position, when its continuity is lost, or after the time. Resolves earlier if
   * the server ends the connection, or the client ends its request.
   * @throws HttpException if the client exceeds a limit or loses its access, with `Retry-After` if it can try again
   */
  async untilEvent(exchange: Exchange, channel: string, after: string, waitMs: number): Promise<void> {
    const { request, response } = exchange;
    if (hasEnded(exchange)) return;
    reportEnd(exchange);
    const admission = await this.server.admit(request, response, () => isOfUnixSocket(request));
    if (!('client' in admission)) {
      throw refusal(exchange, admission);
    }
    if (hasEnded(exchange) || this.server.draining) return;
    const { principal, client } = admission;
    const refused = await new Promise<ErrorCode | null>((resolve) =>
      this.wait(exchange, principal, client, { channel, after, waitMs }, resolve),
    );
    const isLimit = refused === 'too_many_connections' || refused === 'rate_limited';
    if (refused !== null)
      throw refusal(exchange, { code: refused, close: isLimit ? 'tooManyConnections' : 'unavailable' });
  }

  private wait(
    { request, response }: Exchange,
    principal: Principal | null,
    client: ClientAddress,
    { channel, after, waitMs }: { readonly channel: string; readonly after: string; readonly waitMs: number },
    resolve: (refused: ErrorCode | null) => void,
  ): void {
    const { connections } = this.server;
    let refused: ErrorCode | null = null;
    const finish = (): void => {
      refused = null;
      transport.terminate();
    };
    const transport = new WaitTransport((frame) => {
      if (frame.type !== 'error') return endsWait(frame, channel) ? finish() : undefined;
      // The reason of the close that follows, unless it answers the request: a gateway of the application can report errors, too.
      refused = frame.code;
      if (frame.ref === REF) transport.terminate();
    });
    const connection = connections.open(transport, request, principal, client);
    const end = safely('The end of a wait', finish);
    const timer = setTimeout(end, waitMs);
    response.once('close', end);
    transport.onAlive = () => {
      connection.alive = true;
    };
    transport.onEnd = () => {
      clearTimeout(timer);
      response.off('close', end);
      connections.end(connection, transport.code);
      resolve(refused);
    };
    const frame = Buffer.from(JSON.stringify({ type: 'subscribe', channel, lastEventId: after, ref: REF }));
    connections.frames.message(connection, frame, false);
  }
}

function refusal({ response }: Exchange, refused: Refusal | HttpRefusal): HttpException {
  const { status, message, retryAfterSeconds } = refusalOf(refused);
  if (retryAfterSeconds !== undefined) response.setHeader('Retry-After', retryAfterSeconds);
  return new HttpException(message, status);
}

/** Returns true for a frame after which a read has another result. */
function endsWait(frame: Unstamped, channel: string): boolean {
  switch (frame.type) {
    case 'event':
    case 'resync':
    case 'unsubscribed':
      return frame.channel === channel;
    case 'subscribed':
      return frame.channel === channel && frame.recovered === false;
    default:
      return false;
  }
}
