import {
  BadRequestException,
  HttpException,
  Injectable,
  NotFoundException,
  PayloadTooLargeException,
  ServiceUnavailableException,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AuthService } from '../auth/auth.service.js';
import { ClusterBus } from '../cluster/cluster-bus.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { clientOf } from '../http/bearer.js';
import { bodyOf } from '../http/deferred-bodies.js';
import { runSafely } from '../observability/run-safely.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { withTimeout } from '../timing/with-timeout.js';
import { framesAt, isSenderOf, senderOf, type Outcome, type SentFrames } from './sent-frames.js';
import type { FrameworkRequest } from './stream-client.js';
import { StreamPlaces } from './stream-places.js';
import { StreamTransport } from './stream-transport.js';

/** Maximum size of a body, in frames of `maxFrameBytes`. */
const FRAMES_PER_BODY = 16;
/** Time for which a body waits until earlier frames are handled, in milliseconds. */
const WAIT_MS = 5_000;
/** Time limit for the answer of another instance, in milliseconds. It includes the wait there. */
const ANSWER_MS = WAIT_MS + 2_000;

/** Takes the frames of the clients of streams, on any instance. */
@Injectable()
export class StreamFrames implements OnApplicationBootstrap {
  constructor(
    private readonly auth: AuthService,
    private readonly registry: ConnectionRegistry,
    private readonly server: RealtimeServer,
    private readonly bus: ClusterBus,
    private readonly places: StreamPlaces,
    private readonly options: ResolvedRealtimeOptions,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.options.streamApi || this.bus.isAlone) return;
    const handler = { answer: (sent: SentFrames): Promise<Outcome> => this.handOver(sent) };
    runSafely('Listening for frames of streams', () => this.bus.answer(framesAt(this.places.here), handler));
  }

  /** Hands the frames of a body over to the connection, in order. @throws HttpException */
  async take(connectionId: string, request: FrameworkRequest): Promise<void> {
    const sender = senderOf(await clientOf(this.auth, request.headers));
    const place = this.places.placeOf(connectionId);
    const isHere = place === this.places.here;
    // A body for an unknown stream of this instance is not read.
    if (place === null || (!isHere && this.bus.isAlone)) throw refusal('unknown');
    if (isHere && this.connectionOf({ connectionId, sender }) === null) throw refusal('unknown');
    const sent = { connectionId, sender, frames: await this.read(request) };
    const outcome = isHere ? await this.handOver(sent) : await this.forward(place, sent);
    if (outcome !== 'taken') throw refusal(outcome);
  }

  private async read(request: FrameworkRequest): Promise<string[]> {
    const { maxFrameBytes } = this.options;
    const limit = { bytes: FRAMES_PER_BODY * maxFrameBytes, of: 'frames', option: 'maxFrameBytes' };
    const body = await bodyOf(request, limit);
    if (body === undefined) throw new BadRequestException('Send a frame, or a list of frames');
    const frames = (Array.isArray(body) ? (body as unknown[]) : [body]).map(textOf);
    const large = frames.findIndex((frame) => Buffer.byteLength(frame) > maxFrameBytes);
    if (large < 0) return frames;
    throw new PayloadTooLargeException(`Frame ${large} is larger than ${maxFrameBytes} bytes (maxFrameBytes)`);
  }

  private async forward(place: string, sent: SentFrames): Promise<Outcome> {
    try {
      const { answers, missing, unknown } = await this.bus.ask(framesAt(place), sent, ANSWER_MS);
      const [outcome] = answers.values();
      const isSilent = unknown > 0 || missing.some((instance) => this.places.placeOfInstance(instance) === place);
      return outcome ?? (isSilent ? 'unanswered' : 'unknown');
    } catch {
      return 'unanswered'; // Redis is unavailable
    }
  }

  private async handOver(sent: SentFrames): Promise<Outcome> {
    const connection = this.connectionOf(sent);
    if (connection === null) return 'unknown';
    const reading = (connection.transport as StreamTransport).whenReading().then(() => true);
    if (!(await withTimeout(reading, WAIT_MS, () => false))) return 'busy';
    for (const frame of sent.frames) {
      if (connection.closing) return 'unknown';
      this.server.connections.frames.message(connection, Buffer.from(frame), false);
    }
    return 'taken';
  }

  private connectionOf({ connectionId, sender }: Omit<SentFrames, 'frames'>) {
    const connection = this.registry.get(connectionId);
    if (connection === undefined || connection.closing) return null;
    return connection.transport instanceof StreamTransport && isSenderOf(connection, sender) ? connection : null;
  }
}

function textOf(frame: unknown, index: number): string {
  try {
    return JSON.stringify(frame);
  } catch {
    throw new BadRequestException(`Frame ${index} is nested too deeply`); // parsing has no limit, writing has
  }
}

function refusal(outcome: Exclude<Outcome, 'taken'>): HttpException {
  switch (outcome) {
    case 'unknown':
      return new NotFoundException('Stream not found: it has ended, or belongs to another user');
    case 'busy':
      return new HttpException('Earlier frames of this stream are not handled yet: try again later', 429);
    case 'unanswered':
      return new ServiceUnavailableException(
        'The instance of this stream did not answer: it may have taken the frames. Try again',
      );
  }
}
