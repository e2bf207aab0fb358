import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { frameOf, type Frame } from './frames.js';
import { CLOSE_SOON } from './socket-class.js';

/** A message of the server, or the end of the connection. */
export type Message =
  | { readonly kind: 'frame'; readonly frame: Frame; readonly at: number }
  | { readonly kind: 'foreign'; readonly text: string }
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string };

/** HTTP answer instead of an upgrade. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Its first characters. */
  readonly body: string;
}

/** Outcome of an attempt to connect. */
export type Opening =
  | { readonly kind: 'open'; readonly conversation: Conversation }
  | { readonly kind: 'refused'; readonly answer: HttpAnswer }
  | { readonly kind: 'failed'; readonly error: Error };

export interface OpenOptions {
  readonly token: string | undefined;
  /** Web site to connect as. @default none, as any client that is not a browser */
  readonly origin?: string | undefined;
  /** Time limit of the handshake. */
  readonly timeoutMs: number;
}

const MAX_BODY = 4_000;

/** A WebSocket whose messages are read one after the other. */
export class Conversation {
  private readonly messages: Message[] = [];
  private wake: (() => void) | undefined;

  constructor(private readonly socket: WebSocket) {
    const add = (message: Message): void => {
      this.messages.push(message);
      this.wake?.();
    };
    socket.on('message', (data: Buffer, isBinary) => {
      const text = data.toString('utf8');
      const frame = isBinary ? null : frameOf(text);
      add(frame === null ? { kind: 'foreign', text } : { kind: 'frame', frame, at: Date.now() });
    });
    socket.on('close', (code, reason) => add({ kind: 'closed', code, reason: reason.toString() }));
  }

  /** Returns the next message; `null` if none arrives within the time limit. */
  async next(timeoutMs: number): Promise<Message | null> {
    if (this.messages.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = undefined;
    }
    return this.messages.shift() ?? null;
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame), ignore);
  }

  close(): void {
    this.socket.close(1000);
  }
}

/** Opens a WebSocket, with the token in the header `Authorization`. Never rejects. */
export function openConversation(url: URL, { token, origin, timeoutMs }: OpenOptions): Promise<Opening> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, [], {
      handshakeTimeout: timeoutMs,
      ...CLOSE_SOON,
      ...(token !== undefined && { headers: { Authorization: `Bearer ${token}` } }),
      ...(origin !== undefined && { origin }),
    });
    const conversation = new Conversation(socket); // before the first frame can arrive
    socket.on('open', () => resolve({ kind: 'open', conversation }));
    socket.on('error', (error) => resolve({ kind: 'failed', error }));
    socket.on('unexpected-response', (request, response) => {
      void readAnswer(response, timeoutMs).then((answer) => {
        request.destroy();
        resolve({ kind: 'refused', answer });
      });
    });
  });
}

/** Reads the first characters of an answer, within the time limit. */
async function readAnswer(response: IncomingMessage, timeoutMs: number): Promise<HttpAnswer> {
  response.setEncoding('utf8');
  let body = '';
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    response.on('data', (text: string) => {
      body += text;
      if (body.length > MAX_BODY) end();
    });
    for (const name of ['end', 'error', 'close']) response.on(name, end);
  });
  return { status: response.statusCode ?? 0, headers: response.headers, body: body.slice(0, MAX_BODY) };
}

const ignore = (): void => undefined;
