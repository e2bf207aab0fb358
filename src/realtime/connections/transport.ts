import type { StreamCursor } from './stream-cursor.js';

/** Takes frames that were built once for many clients. A `net.Socket` is one. */
export interface FrameWriter {
  /** Bytes that wait in memory to be sent. */
  readonly writableLength: number;
  /** @param onSent called when the bytes have left the memory of this process, or can no longer be sent */
  write(bytes: Buffer, onSent?: () => void): boolean;
}

/**
 * Form of a frame that was built once for many clients: a WebSocket frame, a compressed WebSocket frame, or a block of a stream
 * of server-sent events.
 */
export type SharedForm = 'wire' | 'deflated' | 'block';

/**
 * The network side of one connection. Everything leaves in the order of the calls, and nothing is lost before the end.
 * No call throws; after the end of the connection, calls have no effect.
 */
export interface Transport {
  /** Name of the transport, for operators. */
  readonly kind: string;
  /** True until one side starts to close. */
  readonly isOpen: boolean;
  /** Bytes that wait in memory to be sent. */
  readonly bufferedBytes: number;
  /** True while nothing is read from the client. */
  readonly isPaused: boolean;
  /** True if a part of a message has arrived, but not its end. */
  readonly hasPartialMessage: boolean;
  /** The form in which {@link frameWriter} takes frames. */
  readonly sharedForm: SharedForm;
  /** Follows what is sent, for a client that sends its position back with its next request; `null` for other clients. */
  readonly cursor: StreamCursor | null;
  /**
   * Takes frames that were built once for many clients, until the next call in this turn of the event loop. `null` if
   * the order would be lost, or if the transport does not take such frames: then each is sent with {@link send}.
   */
  readonly frameWriter: FrameWriter | null;
  /**
   * Sends one text frame.
   * @param frame a string, or its UTF-8 bytes
   * @param onSent called when the frame has left the memory of this process, or can no longer be sent
   */
  send(frame: string | Buffer, onSent?: () => void): void;
  /** Holds everything until the end of this turn of the event loop, and then writes it together. It counts as buffered. */
  joinWrites(): void;
  /** Writes what {@link joinWrites} holds. */
  writeJoined(): void;
  /** Checks that the client is alive. The transport reports each sign of life. */
  ping(): void;
  pong(data: Buffer): void;
  /** Stops reading from the client. */
  pause(): void;
  resume(): void;
  /** Names the time after which a client that reconnects by itself does so, in milliseconds. Frames name it for other clients. */
  reconnectAfter(ms: number): void;
  /** Closes the connection after all sent frames. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}
