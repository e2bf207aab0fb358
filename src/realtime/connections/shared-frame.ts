import { eventBlock, frameDeflated, frameText } from './frame-bytes.js';

/** A frame whose bytes are created once for several clients, in each form that one of them takes. */
export class SharedFrame {
  /** The complete WebSocket frame, ready to be written. */
  readonly wire: Buffer;
  private readonly payloadAt: number;
  private compressed: Buffer | null = null;
  private streamed: Buffer | null = null;

  constructor(text: string) {
    ({ wire: this.wire, payloadAt: this.payloadAt } = frameText(text));
  }

  /** The payload of the frame as UTF-8. */
  get bytes(): Buffer {
    return this.wire.subarray(this.payloadAt);
  }

  /** The frame for clients that accept compression. */
  get deflated(): Buffer {
    return (this.compressed ??= frameDeflated(this.bytes) ?? this.wire);
  }

  /** The block for clients over server-sent events. */
  get block(): Buffer {
    return (this.streamed ??= eventBlock(this.bytes));
  }
}
