import {
  BadRequestException,
  HttpException,
  Injectable,
  NotFoundException,
  PayloadTooLargeException,
} from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import type { Principal } from '../auth/principal.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { clientOf } from '../http/bearer.js';
import { bodyOf } from '../http/deferred-bodies.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { withTimeout } from '../timing/with-timeout.js';
import type { FrameworkRequest } from './stream-client.js';
import { StreamTransport } from './stream-transport.js';

/** Maximum size of a body, in frames of `maxFrameBytes`. */
const FRAMES_PER_BODY = 16;
/** Time for which a body waits until earlier frames are handled, in milliseconds. */
const WAIT_MS = 5_000;

/** Takes the frames of the clients of streams. */
@Injectable()
export class StreamFrames {
  constructor(
    private readonly auth: AuthService,
    private readonly registry: ConnectionRegistry,
    private readonly server: RealtimeServer,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  /** Hands the frames of a body over to the connection, in order. @throws HttpException */
  async take(connectionId: string, request: FrameworkRequest): Promise<void> {
    const principal = await clientOf(this.auth, request.headers);
    const connection = this.registry.get(connectionId);
    if (connection === undefined || !isOf(connection, principal)) throw new NotFoundException('Stream not found');
    const { maxFrameBytes } = this.options;
    const limit = { bytes: FRAMES_PER_BODY * maxFrameBytes, of: 'frames', option: 'maxFrameBytes' };
    const body = await bodyOf(request, limit);
    const frames = (Array.isArray(body) ? (body as unknown[]) : [body]).map((frame) =>
      Buffer.from(JSON.stringify(frame)),
    );
    if (body === undefined) throw new BadRequestException('Send a frame, or a list of frames');
    const large = frames.findIndex(({ length }) => length > maxFrameBytes);
    if (large >= 0)
      throw new PayloadTooLargeException(`Frame ${large} is larger than ${maxFrameBytes} bytes (maxFrameBytes)`);
    await this.handOver(connection, frames);
  }

  private async handOver(connection: Connection, frames: readonly Buffer[]): Promise<void> {
    const transport = connection.transport as StreamTransport;
    const isLate = await withTimeout(
      transport.whenReading().then(() => false),
      WAIT_MS,
      () => true,
    );
    if (isLate) throw new HttpException('Earlier frames of this stream are not handled yet: try again later', 429);
    for (const frame of frames) {
      if (connection.closing) throw new NotFoundException('Stream not found');
      this.server.connections.frames.message(connection, frame, false);
    }
  }
}

/** A client without a token has no user: who knows the id of its connection received it over its stream. */
function isOf({ transport, principal }: Connection, sender: Principal | null): boolean {
  if (!(transport instanceof StreamTransport)) return false;
  return principal === null || (sender !== null && principal.userKey === sender.userKey);
}
