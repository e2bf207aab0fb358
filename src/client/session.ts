import type { ClientFrame, ServerFrame } from '../protocol/frames.js';
import { errorOf, RealtimeError } from './errors.js';
import { createPulse, type Pulse } from './pulse.js';
import { openSocket, type Dialling } from './socket.js';
import type { ClientCause } from './states.js';
import type { WebSocketLike } from './web-socket.js';
import type { Identity, RequestFrame } from './types.js';

type Identified = Extract<ServerFrame, { type: 'connected' | 'authenticated' }>;

/** How a connection ended. */
export interface SessionEnd {
  readonly cause: ClientCause;
  /** What somebody said of it. */
  readonly reason?: string | undefined;
  readonly closeCode?: number | undefined;
  /** When to come back, where the server said so, in milliseconds. */
  readonly retryInMs?: number | undefined;
}

/** One connection, from opening the socket to its end. */
export interface Session {
  send(frame: ClientFrame): void;
  request(frame: RequestFrame): Promise<ServerFrame>;
  /** Brings a token; one of another user ends the session. @throws RealtimeError when it is refused */
  authenticate(token: string): Promise<void>;
  /** Looks whether the other side still lives. */
  check(): void;
  /** Ends it from this side. */
  end(end: SessionEnd): void;
}

/** How soon somebody who was away wants to know whether the connection lives, in milliseconds. */
const CHECK_WITHIN_MS = 5_000;

/**
 * @param timeoutMs how long it may take until it is ready
 * @param onIdentity who we are, and when the token ends, in milliseconds (`Infinity`: never); the first makes it ready
 * @param onFrame a frame that is no answer to a request
 * @param onEnd once, and nothing after it
 */
export function openSession(
  dialling: Dialling,
  token: string | null,
  timeoutMs: number,
  onIdentity: (identity: Identity, tokenEndsInMs: number) => void,
  onFrame: (frame: ServerFrame) => void,
  onEnd: (end: SessionEnd) => void,
): Session {
  // ref → who waits for the answer
  const waiting = new Map<string | undefined, [(frame: ServerFrame) => void, (error: RealtimeError) => void]>();
  const isInBand = token !== null && !dialling.tokenVia;
  let socket: WebSocketLike | undefined;
  let pulse: Pulse | undefined;
  let refs = 0;
  let isReady = false;
  let isOver = false;
  let complaint: string | undefined;
  let retryInMs: number | undefined;

  const send = (frame: object): void => socket!.send(JSON.stringify(frame));

  const rejectAll = (error: RealtimeError): void => {
    for (const [, reject] of waiting.values()) reject(error);
    waiting.clear();
  };

  const end = (how: SessionEnd): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(deadline);
    pulse?.stop();
    rejectAll(new RealtimeError('not_connected', 'The connection ended'));
    socket?.close(1000);
    onEnd(how);
  };

  const request = (frame: RequestFrame): Promise<ServerFrame> =>
    new Promise((resolve, reject) => {
      refs += 1;
      waiting.set(`r${refs}`, [resolve, reject]);
      send({ ...frame, ref: `r${refs}` });
    });

  const identified = ({ user, authorizedChannels, expiresAt, timestamp }: Identified): void => {
    if (isOver) return;
    clearTimeout(deadline);
    isReady = true;
    // By the server's clock alone: ours may be wrong.
    onIdentity({ user, authorizedChannels }, expiresAt ? Date.parse(expiresAt) - Date.parse(timestamp) : Infinity);
  };

  const authenticate = async (fresh: string): Promise<void> => {
    try {
      identified((await request({ type: 'auth', token: fresh })) as Identified);
    } catch (error) {
      const { code, message: reason } = error as RealtimeError;
      if (!isReady) end({ cause: TOKEN_ERRORS.test(code) ? 'token_refused' : 'unreachable', reason });
      else if (code === 'forbidden') end({ cause: 'other_user', reason });
      else throw error;
    }
  };

  const received = (text: string): void => {
    if (isOver) return;
    pulse?.heard();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text) as ServerFrame;
    } catch {
      closed(1007);
      return;
    }
    if (frame.type === 'connected') {
      const { heartbeatMs } = frame;
      // Half of it to become suspicious, half of it for an answer.
      pulse = createPulse(
        heartbeatMs / 2,
        () => send({ type: 'ping' }),
        () => end({ cause: 'silent' }),
      );
      if (!isInBand) identified(frame);
    }
    const { ref } = frame as { ref?: string };
    const [resolve, reject] = waiting.get(ref) ?? [];
    waiting.delete(ref);
    if (frame.type === 'error') {
      reject?.(errorOf(frame));
      if (!frame.channel) complaint = frame.message;
      // It does not say whose frame was refused.
      if (frame.code === 'rate_limited') rejectAll(errorOf(frame));
    } else resolve?.(frame);
    if (frame.type === 'reconnect') retryInMs = frame.afterMs;
    if (!resolve) onFrame(frame);
  };

  const closed = (closeCode: number, text?: string, retryAfterMs = retryInMs): void =>
    end({ cause: causeOf(closeCode, isReady), reason: complaint ?? text, closeCode, retryInMs: retryAfterMs });

  const deadline = setTimeout(() => end({ cause: 'unreachable' }), timeoutMs);
  try {
    socket = openSocket(dialling, token, () => isInBand && !isOver && void authenticate(token), received, closed);
  } catch (error) {
    // Not at once: whoever opens a session does not have it yet.
    void Promise.resolve().then(() => end({ cause: 'unreachable', reason: String(error) }));
  }
  return { send, request, authenticate, check: () => pulse?.check(CHECK_WITHIN_MS), end };
}

/** What an answer to the first `auth` says of the token, and not of the server. */
const TOKEN_ERRORS = /^(token_|forbidden)/;

/** What a close means: 44xx and 1009 stay away, 4401 wants another token, all others come back. */
function causeOf(closeCode: number, wasReady: boolean): ClientCause {
  if (closeCode === 4401) return 'token_refused';
  if (closeCode === 1009 || (closeCode >= 4400 && closeCode < 4500)) return 'refused';
  return wasReady ? 'lost' : 'unreachable';
}
