import type { ClientFrame, ServerFrame } from '../protocol/frames.js';
import { parseFrame, problemOf } from './check-frame.js';
import { errorOf, RealtimeError } from './errors.js';
import { CHECK_WITHIN_MS, clamp, MAX_HEARTBEAT_MS, MAX_TIMER_MS, MIN_HEARTBEAT_MS } from './limits.js';
import type { ResolvedOptions } from './options.js';
import { createHeartbeat, type Heartbeat } from './heartbeat.js';
import { openSocket, type ConnectOptions, type SocketEnd } from './socket.js';
import type { ClientCause } from './states.js';
import type { WebSocketLike } from './web-socket.js';
import type { RequestFrame, RequestOptions } from './types.js';
import { within } from './within.js';

/** Frame with the identity of the client. Sockets of another transport add its name. */
export type Identified = Extract<ServerFrame, { type: 'connected' | 'authenticated' }> & { readonly transport?: 'sse' };

/** The end of a connection. */
export interface SessionEnd {
  readonly cause: ClientCause;
  /** Reason from the server, the socket or `getToken`. */
  readonly reason?: string | undefined;
  /** Code of the last error that the server reported for the connection. */
  readonly error?: string | undefined;
  readonly closeCode?: number | undefined;
  /** The HTTP status of a refused upgrade, if it is visible. */
  readonly status?: number | undefined;
  /** Reconnect delay that the server asked for, in milliseconds. */
  readonly retryInMs?: number | undefined;
  /** With `ready`: the transport of the connection. */
  readonly transport?: 'websocket' | 'sse' | undefined;
}

/** One connection, from opening the socket to its end. */
export interface Session {
  send(frame: ClientFrame | RequestFrame): void;
  request(frame: RequestFrame, options?: RequestOptions): Promise<ServerFrame>;
  /** Sends a token. A token of another user ends the session. @throws RealtimeError if the token is refused */
  authenticate(token: string): Promise<void>;
  /** Checks whether the server is alive. */
  check(): void;
  /** Ends the session from the client's side. */
  end(end: SessionEnd): void;
}

/** Callbacks of a session. */
export interface SessionListener {
  /**
   * Reports the identity; the first call makes the session ready.
   * @param tokenEndsInMs time until the token expires, in milliseconds; `Infinity` without expiry
   */
  authenticated(frame: Identified, tokenEndsInMs: number): void;
  /** A frame that is not a reply to a request. */
  received(frame: ServerFrame): void;
  /** The server sent invalid data; the session continues. */
  failed(error: RealtimeError): void;
  /** Called once, as the last callback. */
  ended(end: SessionEnd): void;
}

export function openSession(
  target: ConnectOptions,
  token: string | null,
  { timeoutMs, debug }: ResolvedOptions,
  listener: SessionListener,
): Session {
  // ref → functions that settle the pending request
  const waiting = new Map<string | undefined, [(frame: ServerFrame) => void, (error: RealtimeError) => void]>();
  const isInBand = token !== null && !target.tokenVia;
  let socket: WebSocketLike | undefined;
  let heartbeat: Heartbeat | undefined;
  let refs = 0;
  let isReady = false;
  let isOver = false;
  let complaint: RealtimeError | undefined;
  let retryInMs: number | undefined;

  const send = (frame: object): void => {
    debug('sent', frame);
    socket!.send(JSON.stringify(frame));
  };
  const rejectAll = (error: RealtimeError): void => {
    for (const [, reject] of waiting.values()) reject(error);
    waiting.clear();
  };
  const end = (how: SessionEnd): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(deadline);
    heartbeat?.stop();
    rejectAll(new RealtimeError('not_connected', 'The connection ended'));
    socket?.close(1000);
    listener.ended(how);
  };

  const request = (frame: RequestFrame, options: RequestOptions = {}): Promise<ServerFrame> => {
    const ref = `r${(refs += 1)}`;
    const answer = new Promise<ServerFrame>((resolve, reject) => {
      waiting.set(ref, [resolve, reject]);
      if (!options.signal?.aborted) send({ ...frame, ref });
    });
    const ms = clamp(options.timeoutMs, 0, MAX_TIMER_MS, timeoutMs);
    return within(answer, ms, `No answer to ${frame.type}`, options.signal).finally(() => waiting.delete(ref));
  };

  const authenticated = (frame: Identified): void => {
    if (isOver) return;
    clearTimeout(deadline);
    isReady = true;
    const { expiresAt, timestamp } = frame;
    // Uses only the server's clock, because the local one can be wrong.
    listener.authenticated(
      frame,
      clamp(expiresAt ? Date.parse(expiresAt) - Date.parse(timestamp) : Infinity, 0, Infinity),
    );
  };

  const authenticate = async (fresh: string): Promise<void> => {
    try {
      authenticated((await request({ type: 'auth', token: fresh })) as Identified);
    } catch (error) {
      const { code, message: reason } = error as RealtimeError;
      if (!isReady) end({ cause: TOKEN_ERRORS.test(code) ? 'token_refused' : 'unreachable', reason, error: code });
      else if (code === 'forbidden') end({ cause: 'other_user', reason });
      else throw error;
    }
  };

  const received = (text: string): void => {
    if (isOver) return;
    heartbeat?.received();
    const frame = parseFrame(text);
    const problem = frame ? problemOf(frame) : 'not a frame';
    if (problem) listener.failed(new RealtimeError('invalid_frame', problem));
    if (!frame) end({ cause: isReady ? 'lost' : 'unreachable', reason: problem, closeCode: 1007 });
    else if (!problem) take(frame);
  };

  const take = (frame: ServerFrame): void => {
    debug('received', frame);
    if (frame.type === 'connected') {
      heartbeat?.stop();
      // Half of the time to detect silence, half of it for a reply.
      heartbeat = createHeartbeat(
        clamp(frame.heartbeatMs, MIN_HEARTBEAT_MS, MAX_HEARTBEAT_MS) / 2,
        () => send({ type: 'ping' }),
        () => end({ cause: 'silent' }),
      );
      if (!isInBand) authenticated(frame);
    }
    const { ref } = frame as { ref?: string };
    const [resolve, reject] = waiting.get(ref) ?? [];
    if (frame.type === 'error') {
      const error = errorOf(frame);
      reject?.(error);
      if (!ref) {
        if (!frame.channel) complaint = error;
        // The error does not identify the refused frame.
        if (frame.code === 'rate_limited') rejectAll(error);
      }
    } else resolve?.(frame);
    if (frame.type === 'reconnect') retryInMs = frame.afterMs;
    // Drops replies to the heartbeat, and replies to requests that have ended.
    const isAnswer = resolve || frame.type === 'connected' || frame.type === 'pong' || /^r\d+$/.test(ref as string);
    if (!isAnswer) listener.received(frame);
  };

  const closed = ({ code: closeCode, reason, status, retryInMs: askedMs = retryInMs }: SocketEnd): void =>
    end({
      cause: status === 401 || status === 403 ? 'token_refused' : causeOf(closeCode, isReady),
      reason: complaint?.message ?? reason,
      error: complaint?.code,
      closeCode,
      status,
      retryInMs: askedMs,
    });

  const deadline = setTimeout(
    () => end({ cause: 'unreachable', reason: `not connected within ${timeoutMs} ms` }),
    timeoutMs,
  );
  try {
    socket = openSocket(target, token, () => isInBand && !isOver && void authenticate(token), received, closed);
  } catch (error) {
    // Deferred, because the caller does not have the session yet.
    void Promise.resolve().then(() => end({ cause: 'unreachable', reason: String(error) }));
  }
  return { send, request, authenticate, check: () => heartbeat?.check(CHECK_WITHIN_MS), end };
}

/** Errors of the first `auth` that concern the token, not the server. */
const TOKEN_ERRORS = /^(token_|forbidden)/;

/**
 * Meaning of a close code: after 44xx and 1009 the client stays disconnected, 4401 requires another token, all others
 * reconnect.
 */
function causeOf(closeCode: number, wasReady: boolean): ClientCause {
  if (closeCode === 4401) return 'token_refused';
  if (closeCode === 1009 || (closeCode >= 4400 && closeCode < 4500)) return 'refused';
  return wasReady ? 'lost' : 'unreachable';
}
