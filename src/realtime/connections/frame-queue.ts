import type { Decoded } from '../../protocol/index.js';
import type { Connection } from '../connections/connection.js';
import { runSafely } from '../observability/run-safely.js';
import { sendError } from './send-error.js';

/** Maximum number of waiting frames of a connection. At this limit the socket is paused. */
const MAX_WAITING_FRAMES = 256;

/** Handles one frame of `bytes` bytes. Resolves when the next frame of the connection can be handled. */
type HandleFrame = (connection: Connection, frame: Decoded, bytes: number) => void | Promise<void>;

/** Handles the frames of each connection one after the other, in order of arrival. */
export class FrameQueue {
  constructor(
    private readonly handle: HandleFrame,
    private readonly maxFrameBytes: number,
  ) {}

  add(connection: Connection, frame: Decoded, bytes: number): void {
    if (!connection.busy) {
      runSafely(
        'The frames of a connection',
        () => this.work(connection, frame, bytes),
        () => connection.socket.terminate(),
      );
      return;
    }
    connection.waiting.push({ frame, bytes });
    connection.waitingBytes += bytes;
    if (this.isBehind(connection, 1)) connection.socket.pause();
  }

  /** Never rejects: an error becomes an `error` frame. */
  private async work(connection: Connection, first: Decoded, firstBytes: number): Promise<void> {
    connection.busy = true;
    let frame = first;
    let bytes = firstBytes;
    for (;;) {
      if (!connection.closing) {
        if (connection.socket.isPaused && !this.isBehind(connection, 2)) connection.socket.resume();
        try {
          const pending = this.handle(connection, frame, bytes);
          if (pending !== undefined) await pending;
        } catch (error) {
          sendError(connection, error, { ref: (frame.request ?? frame.bad).ref });
        }
      }
      const next = connection.waiting.shift();
      if (next === undefined) break;
      ({ frame, bytes } = next);
      connection.waitingBytes -= bytes;
    }
    connection.busy = false;
  }

  /**
   * Returns true if the waiting frames reach 1/`part` of a limit. Frames are limited too, because a frame can cost far
   * more than its bytes.
   */
  private isBehind({ waiting, waitingBytes }: Connection, part: number): boolean {
    return waiting.length >= MAX_WAITING_FRAMES / part || waitingBytes >= this.maxFrameBytes / part;
  }
}
