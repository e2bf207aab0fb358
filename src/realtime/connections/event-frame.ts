import { eventText, type Position } from '../../protocol/index.js';
import { frameDeflated, frameText } from './frame-bytes.js';

/** One event as it goes to every subscriber: the same bytes for all, made once. */
export class EventFrame {
  /** The whole WebSocket frame, ready to be written. */
  readonly wire: Buffer;
  private readonly payloadAt: number;
  private compressed: Buffer | null = null;

  /**
   * @param position `null` on a channel that keeps no history
   * @param traceparent of its `emit`, where that is sampled
   */
  constructor(
    readonly position: Position | null,
    body: string,
    readonly traceparent?: string,
  ) {
    ({ wire: this.wire, payloadAt: this.payloadAt } = frameText(eventText(position, body)));
  }

  /** When it was emitted, in milliseconds since 1970: the end of its text says so. */
  get emittedAt(): number {
    const end = this.wire.length - '"}'.length;
    return Date.parse(this.wire.toString('latin1', end - '2026-01-01T12:00:00.000Z'.length, end));
  }

  /** The text of the frame as UTF-8. */
  get bytes(): Buffer {
    return this.wire.subarray(this.payloadAt);
  }

  /** The frame for clients that read compressed ones: compressed once, when the first of them needs it. */
  get deflated(): Buffer {
    this.compressed ??= frameDeflated(this.bytes) ?? this.wire;
    return this.compressed;
  }
}

/** All events of one channel in one turn of the loop, which go out together. */
export class EventBatch {
  private joined: Buffer | null = null;
  private joinedDeflated: Buffer | null = null;

  constructor(readonly frames: readonly EventFrame[]) {}

  /** The frames one behind the other; joined once, for all receivers. */
  get wire(): Buffer {
    this.joined ??= join(this.frames.map(({ wire }) => wire));
    return this.joined;
  }

  /** The same for clients that read compressed frames. */
  get deflated(): Buffer {
    this.joinedDeflated ??= join(this.frames.map(({ deflated }) => deflated));
    return this.joinedDeflated;
  }
}

function join(frames: readonly Buffer[]): Buffer {
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
}
