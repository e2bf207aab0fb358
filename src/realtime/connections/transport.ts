import type { Socket } from 'node:net';

/** Takes complete frames. A `net.Socket` is one. */
export type FrameWriter = Pick<Socket, 'write' | 'writableLength'>;

/**
 * The network side of one connection. Everything leaves in the order of the calls, and nothing is lost before the end.
 * No call throws; after the end of the connection, calls have no effect.
 */
export interface Transport {
  /** True until one side starts to close. */
  readonly isOpen: boolean;
  /** Bytes that wait in memory to be sent. */
  readonly bufferedBytes: number;
  /** True while nothing is read from the client. */
  readonly isPaused: boolean;
  /** True if a part of a message has arrived, but not its end. */
  readonly hasPartialMessage: boolean;
  /** True if the client reads frames that were compressed once for all clients. */
  readonly readsSharedDeflate: boolean;
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
  ping(): void;
  pong(data: Buffer): void;
  /** Stops reading from the client. */
  pause(): void;
  resume(): void;
  /** Closes the connection after all sent frames. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
}
