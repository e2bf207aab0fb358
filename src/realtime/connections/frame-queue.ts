import type { Decoded } from '../../protocol/index.js';
import { runSafely } from '../observability/run-safely.js';
import type { Transport } from './transport.js';

/** Maximum number of waiting frames of a connection. At this limit the transport is paused. */
const MAX_WAITING_FRAMES = 256;

/** Work of the server on a connection, between two frames of its client. Must not throw, also if the connection is closing. */
export type Job = () => void | Promise<void>;

/** A frame or job that waits until earlier ones are done. */
interface WaitingFrame {
  readonly frame: Decoded | Job;
  readonly bytes: number;
}

/** The part of a connection that its queue uses. */
interface FrameSource {
  readonly transport: Transport;
  /** True once closing has started: frames that arrive or wait are not handled any more. */
  readonly closing: boolean;
}

/** Handles the frames of all connections. */
export interface FrameHandler<Source> {
  /** Maximum size of the waiting frames of a connection, in bytes. */
  readonly maxBytes: number;
  /** Handles one frame of `bytes` bytes. Resolves when the next frame of the connection can be handled. */
  handle(source: Source, frame: Decoded, bytes: number): void | Promise<void>;
  /** Answers a frame whose handler threw or rejected. Must not throw. */
  fail(source: Source, frame: Decoded, error: unknown): void;
}

/** Handles the frames of one connection one after the other, in order of arrival. */
export class FrameQueue<Source extends FrameSource> {
  /** True while a frame is being handled. Later frames wait. */
  private busy = false;
  private readonly waiting: WaitingFrame[] = [];
  private waitingBytes = 0;

  constructor(
    private readonly source: Source,
    private readonly handler: FrameHandler<Source>,
  ) {}

  /** @param frame a frame of the client; or a job, which has no bytes */
  add(frame: Decoded | Job, bytes = 0): void {
    const { transport } = this.source;
    if (!this.busy) {
      runSafely(
        'The frames of a connection',
        () => this.work(frame, bytes),
        () => transport.terminate(),
      );
      return;
    }
    this.waiting.push({ frame, bytes });
    this.waitingBytes += bytes;
    if (this.isBehind(1)) transport.pause();
  }

  private async work(first: Decoded | Job, firstBytes: number): Promise<void> {
    const { source, handler } = this;
    this.busy = true;
    let frame = first;
    let bytes = firstBytes;
    for (;;) {
      if (!source.closing && source.transport.isPaused && !this.isBehind(2)) source.transport.resume();
      if (typeof frame === 'function') await frame();
      else if (!source.closing) {
        try {
          const pending = handler.handle(source, frame, bytes);
          if (pending !== undefined) await pending;
        } catch (error) {
          handler.fail(source, frame, error);
        }
      }
      const next = this.waiting.shift();
      if (next === undefined) break;
      ({ frame, bytes } = next);
      this.waitingBytes -= bytes;
    }
    this.busy = false;
  }

  /**
   * Returns true if the waiting frames reach 1/`part` of a limit. Frames are limited too, because a frame can cost far
   * more than its bytes.
   */
  private isBehind(part: number): boolean {
    return this.waiting.length >= MAX_WAITING_FRAMES / part || this.waitingBytes >= this.handler.maxBytes / part;
  }
}
