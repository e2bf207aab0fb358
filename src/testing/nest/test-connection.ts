import type { WebSocket } from 'ws';
import type { ServerFrame } from '../../protocol/index.js';
import { Signal } from './signal.js';

/** A reply to a request. */
export type Answer = Extract<ServerFrame, { ref?: string }>;

/** Number of frames in the message of a failure, and characters of each. */
const SHOWN = 20;
const SHOWN_CHARACTERS = 300;

/** The socket of a test client. Received frames are queued until an expectation takes them. */
export class TestConnection {
  /** All received frames, in order. */
  readonly frames: ServerFrame[] = [];
  /** Frames that no expectation has taken. */
  unread: ServerFrame[] = [];
  /** Close code and reason; `null` while it is open. */
  ended: string | null = null;
  private refs = 0;
  private readonly signal = new Signal();

  /**
   * @param patienceMs time that an expectation waits, in milliseconds
   * @param follow takes a frame that belongs to a live resource or a stream. It returns false for other frames
   */
  constructor(
    readonly socket: WebSocket,
    private readonly patienceMs: number,
    follow: (frame: ServerFrame) => boolean,
  ) {
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as ServerFrame;
      this.frames.push(frame);
      if (!follow(frame)) this.unread.push(frame);
      this.signal.wake();
    });
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', (code, reason) => {
      this.ended = `${code} ${reason.toString()}`.trim();
      this.signal.wake();
    });
  }

  /** Waits for a condition, or for the end of the connection. @returns true if the condition holds */
  async until(isSo: () => boolean): Promise<boolean> {
    await this.signal.until(() => this.ended !== null || isSo(), this.patienceMs);
    return isSo();
  }

  /** Sends a frame with a new `ref`, and returns the `ref`. */
  send(frame: object): string {
    this.refs += 1;
    const ref = `test-${this.refs}`;
    this.socket.send(JSON.stringify({ ...frame, ref }));
    return ref;
  }

  /**
   * Sends a request with a ping behind it and returns all replies. Requests are handled in order, so the pong comes
   * last.
   */
  async ask(request?: object): Promise<Answer[]> {
    const ref = this.send(request ?? { type: 'ping' });
    if (request !== undefined) this.socket.send(JSON.stringify({ type: 'ping', ref }));
    const isOurs = (frame: ServerFrame): frame is Answer => 'ref' in frame && frame.ref === ref;
    const isEnd = (frame: ServerFrame): boolean => frame.type === 'pong' && isOurs(frame);
    await this.take(isEnd, `an answer to ${JSON.stringify(request ?? { type: 'ping' })}`);
    const answers = this.unread.filter(isOurs);
    this.unread = this.unread.filter((frame) => !isOurs(frame));
    return answers;
  }

  /** Sends a request about a channel. @throws with the error if the server refuses it */
  async request(frame: { readonly type: string; readonly channel: string }): Promise<void> {
    const refusal = (await this.ask(frame)).find((answer) => answer.type === 'error');
    if (refusal === undefined) return;
    throw new Error(`${frame.type} of ${frame.channel} was refused: ${refusal.code}, ${refusal.message}`);
  }

  /**
   * Takes the first matching frame, or waits for it.
   * @param hint further explanation for the message of a failure
   * @throws with the frames that arrived instead
   */
  async take(isIt: (frame: ServerFrame) => boolean, expected: string, hint = () => ''): Promise<ServerFrame> {
    await this.until(() => this.unread.some(isIt));
    const frame = this.unread.find(isIt);
    if (frame === undefined) throw new Error(`Expected ${expected}; ${this.transcript()}${hint()}`);
    this.unread = this.unread.filter((other) => other !== frame);
    return frame;
  }

  /** Lists what arrived, for the message of a failure. */
  transcript(): string {
    const frames = this.unread.slice(-SHOWN).map((frame) => `\n  ${shorten(frame)}`);
    return `${frames.length === 0 ? 'nothing else arrived.' : `these arrived instead:${frames.join('')}`}${this.ending()}`;
  }

  /** Describes the end of the connection, for the message of a failure; empty while it is open. */
  ending(): string {
    return this.ended === null ? '' : ` The connection ended: ${this.ended}.`;
  }
}

/** Describes a frame in the message of a failure. */
export function shorten(frame: ServerFrame): string {
  return JSON.stringify(frame).slice(0, SHOWN_CHARACTERS);
}
