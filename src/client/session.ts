import type { ClientFrame, ServerFrame } from '../protocol/index.js';
import { RealtimeError } from './errors.js';
import { Pulse } from './pulse.js';
import { errorOf, Requests } from './requests.js';
import { openSocket, type Dialling, type WebSocketLike } from './socket.js';
import type { ClientCause } from './states.js';
import type { Identity, RequestFrame } from './types.js';

type Connected = Extract<ServerFrame, { type: 'connected' }>;
type Authenticated = Extract<ServerFrame, { type: 'authenticated' }>;

/** How a connection ended. */
export interface SessionEnd {
  readonly cause: ClientCause;
  readonly reason: string;
  readonly closeCode?: number;
  /** When to come back, where the server said so, in milliseconds. */
  readonly retryInMs?: number;
}

export interface SessionListeners {
  /** Who we are; the first time this makes the session ready. @param tokenEndsInMs `Infinity` where it has no end */
  identified(identity: Identity, tokenEndsInMs: number): void;
  /** A frame that is no answer to a request. */
  received(frame: ServerFrame): void;
  /** Something is wrong, and the session goes on. */
  failed(error: RealtimeError): void;
  /** Once, and nothing after it. */
  ended(end: SessionEnd): void;
}

/** How soon somebody who was away wants to know whether the connection lives, in milliseconds. */
const CHECK_WITHIN_MS = 5_000;

/** One connection, from opening the socket to its end. */
export class Session {
  readonly #requests: Requests;
  readonly #socket: WebSocketLike | undefined;
  readonly #deadline: ReturnType<typeof setTimeout>;
  #pulse: Pulse | undefined;
  #isReady = false;
  #isOver = false;
  #complaint: string | undefined;
  #retryInMs: number | undefined;

  constructor(
    private readonly dialling: Dialling,
    private readonly token: string | null,
    timeoutMs: number,
    private readonly on: SessionListeners,
  ) {
    this.#requests = new Requests(timeoutMs);
    this.#deadline = setTimeout(() => {
      this.end({ cause: 'unreachable', reason: `No connection within ${timeoutMs} ms` });
    }, timeoutMs);
    try {
      this.#socket = openSocket(dialling, token, {
        opened: () => this.#opened(),
        received: (text) => this.#received(text),
        ended: (code, reason, retryAfterMs) => this.#closed(code, reason, retryAfterMs),
      });
    } catch (error) {
      // Not from within the constructor: whoever makes a session does not have it yet.
      void Promise.resolve().then(() => this.end({ cause: 'unreachable', reason: String(error) }));
    }
  }

  send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  request(frame: RequestFrame): Promise<ServerFrame> {
    return this.#requests.ask((ref) => this.#socket?.send(JSON.stringify({ ...frame, ref })));
  }

  /** Brings a token; one of another user ends the session. @throws RealtimeError when it is refused */
  async authenticate(token: string): Promise<void> {
    try {
      this.#identified((await this.request({ type: 'auth', token })) as Connected | Authenticated);
    } catch (error) {
      const { code, message: reason } = error as RealtimeError;
      if (code !== 'forbidden' || !this.#isReady) throw error;
      this.end({ cause: 'other_user', reason });
    }
  }

  /** Looks whether the other side still lives. */
  check(): void {
    this.#pulse?.check(CHECK_WITHIN_MS);
  }

  /** Ends it from this side. */
  end(end: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#deadline);
    this.#pulse?.stop();
    this.#requests.end(end.reason);
    this.#socket?.close(1000);
    this.on.ended(end);
  }

  #opened(): void {
    if (this.#isOver || this.token === null || this.dialling.tokenVia !== 'in-band') return;
    this.authenticate(this.token).catch(({ code, message: reason }: RealtimeError) => {
      const isToken = code === 'token_invalid' || code === 'token_expired' || code === 'forbidden';
      this.end({ cause: isToken ? 'token_refused' : 'unreachable', reason });
    });
  }

  #received(text: string): void {
    if (this.#isOver) return;
    this.#pulse?.heard();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text) as ServerFrame;
    } catch (cause) {
      this.on.failed(new RealtimeError('invalid_frame', 'The server sent what is no JSON', undefined, cause));
      return;
    }
    if (frame.type === 'connected') this.#connected(frame);
    if (this.#requests.settle(frame)) return;
    if (frame.type === 'reconnect') this.#retryInMs = frame.afterMs;
    else if (frame.type === 'error' && frame.channel === undefined) this.#complaint = frame.message;
    if (frame.type === 'error' && !this.#isReady) this.on.failed(errorOf(frame));
    else this.on.received(frame);
  }

  #connected(frame: Connected): void {
    const ping = (): void => this.send({ type: 'ping' });
    // Half of it to become suspicious, half of it for an answer.
    this.#pulse = new Pulse(frame.heartbeatMs / 2, ping, () => {
      this.end({ cause: 'silent', reason: `No sign of life within ${frame.heartbeatMs} ms` });
    });
    if (this.token === null || this.dialling.tokenVia !== 'in-band') this.#identified(frame);
  }

  #identified({ user, authorizedChannels, expiresAt, timestamp }: Connected | Authenticated): void {
    if (this.#isOver) return;
    clearTimeout(this.#deadline);
    this.#isReady = true;
    // By the server's clock alone: ours may be wrong.
    const endsInMs = expiresAt === undefined ? Infinity : Date.parse(expiresAt) - Date.parse(timestamp);
    this.on.identified({ user, authorizedChannels }, endsInMs);
  }

  #closed(closeCode: number, text: string, retryAfterMs?: number): void {
    const reason = this.#complaint ?? (text === '' ? `The connection ended (${closeCode})` : text);
    const retryInMs = retryAfterMs ?? this.#retryInMs;
    this.end({
      cause: causeOf(closeCode, this.#isReady),
      reason,
      closeCode,
      ...(retryInMs !== undefined && { retryInMs }),
    });
  }
}

/** What a close means: 44xx and 1009 stay away, 4401 wants another token, all others come back. */
export function causeOf(closeCode: number, wasReady: boolean): ClientCause {
  if (closeCode === 4401) return 'token_refused';
  if (closeCode === 1009 || (closeCode >= 4400 && closeCode < 4500)) return 'refused';
  return wasReady ? 'lost' : 'unreachable';
}
