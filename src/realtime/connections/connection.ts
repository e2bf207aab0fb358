import { randomUUID } from 'node:crypto';
import type { Observable } from 'rxjs';
import type { WebSocket } from 'ws';
import { CLOSE_CODES, ProtocolError, type CloseName, type Decoded, type Unstamped } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { mayHaveProto, parseWithoutProto } from '../fields/without-proto.js';
import type { Counters } from '../observability/counters.js';
import { FrameRate } from './frame-rate.js';
import { refusalOf } from './message-refusal.js';
import { SendBuffer } from './send-buffer.js';
import { runningMessageOf, type RunningMessage } from './running-message.js';
import { SlidingWindowLimit } from './sliding-window-limit.js';
import type { Subscription } from './subscription.js';

/** The part of the options that a connection lives by. */
export interface ConnectionLimits {
  readonly maxBufferedBytes: number;
  readonly framesPerSecond: number;
  readonly heartbeatIntervalMs: number;
}

/** More bad frames than this within a minute, and the connection is closed (4400). */
export const MAX_BAD_FRAMES_PER_MINUTE = 100;

/** This many refused `auth` in a row, and the connection is closed (4401). */
export const MAX_REFUSED_AUTHS = 3;

/** Frames that the server sends by itself. All others answer a request, and are charged to the client. */
const PUSHED: ReadonlySet<Unstamped['type']> = new Set(['presence_diff', 'resync', 'reconnect']);

/** Handles one application message; each value that it emits is an answer. */
export type MessageHandler = (data: unknown, message: RunningMessage) => Observable<unknown>;

/** A frame that waits for those before it. */
export interface WaitingFrame {
  readonly frame: Decoded;
  readonly bytes: number;
}

/**
 * One client: its socket, principal, subscriptions and send buffer. It makes no decisions itself.
 * @hideconstructor
 */
export class Connection {
  /** The `connectionId` that the client received. */
  readonly id = randomUUID();
  /** The subscriptions by channel name. @internal */
  readonly subscriptions = new Map<string, Subscription>();
  /** @internal */
  readonly sendBuffer: SendBuffer;
  /** @internal */
  readonly rate: FrameRate;
  /** @internal */
  readonly badFrames = new SlidingWindowLimit(MAX_BAD_FRAMES_PER_MINUTE, 60_000);
  /** @internal */
  refusedAuths = 0;
  /** Number of re-authorizations: a grant of an earlier epoch that is still in progress has to be granted again. */
  authEpoch = 0;

  /** The key of limits per address; `null` for clients behind a proxy that is not configured. */
  countedAs: string | null = null;
  /** Bytes of answers that its budget was not charged for yet; below 0 for what was charged in advance. @internal */
  unpaidBytes = 0;

  /** The tenant that it wants to act for, as it said when it connected. */
  namedTenant: string | null = null;

  /** Channels that its URL names, until they are subscribed to; `null` for none. */
  channelsAtConnect: readonly string[] | null = null;

  /** The time until which a token is required; `Infinity` if none is missing. */
  authDeadline = Infinity;

  /** A sign of life came since the last heartbeat. */
  alive = true;
  /** When the next heartbeat is due. */
  heartbeatAt: number;
  /** How many messages had come when the last heartbeat found one half-sent; `null` where it found none. */
  partialMessageAfter: number | null = null;
  /** Its end has begun: nothing is sent any more but why. */
  closing = false;
  /** Why the server closed it; `null` where it did not. */
  closeReason: CloseName | null = null;
  /** The actor that closed it, if known. */
  closedBy: string | null = null;

  /** A frame is being handled; those that came after it wait their turn. */
  busy = false;
  /** Frames that wait for the one being handled. @internal */
  readonly waiting: WaitingFrame[] = [];
  /** The size of the waiting frames, in bytes. */
  waitingBytes = 0;
  /** Whole messages that came so far. */
  messages = 0;
  /** The application messages whose handlers have not finished; `null` before the first one. @internal */
  runningMessages: Set<RunningMessage> | null = null;
  /** Message types that the application added, each with what takes its data; `null` for none. */
  messageTypes: Map<string, MessageHandler> | null = null;

  constructor(
    readonly socket: WebSocket,
    /** Where it comes from. */
    readonly address: string,
    /** `null` without a token. The registry changes it. */
    public principal: Principal | null,
    limits: ConnectionLimits,
    private readonly onSlow: (connection: Connection) => void,
    private readonly counters: Counters,
    /** Its first moment, as {@link RealtimeClock.now} counts; so do the other moments here. */
    readonly since: number,
  ) {
    this.sendBuffer = new SendBuffer(socket, limits.maxBufferedBytes, () => this.onSlow(this));
    this.rate = new FrameRate(limits.framesPerSecond, this.since);
    this.heartbeatAt = this.since + limits.heartbeatIntervalMs;
  }

  /** True while a token is required before any other frame. */
  get awaitsAuth(): boolean {
    return this.authDeadline !== Infinity;
  }

  /** Sends one frame, stamped now. `ref` is that of the request which it answers. */
  send(frame: Unstamped, ref?: string): void {
    const { type, ...fields } = frame;
    this.counters.countSent(frame);
    const text = JSON.stringify({ type, ...fields, ref, timestamp: new Date().toISOString() });
    if (!PUSHED.has(type)) this.unpaidBytes += text.length;
    this.sendBuffer.send(text);
  }

  /** Sends an answer whose bytes were made before, for several clients. */
  answer(frame: Buffer): void {
    this.unpaidBytes += frame.length;
    this.sendBuffer.send(frame);
  }

  /** Sends one frame of a type of the application. @param json the data as JSON; `undefined` for a frame without data */
  sendMessage(type: string, json: string | undefined, ref?: string): void {
    this.counters.framesSent.add('application');
    const rest = JSON.stringify({ ref, timestamp: new Date().toISOString() }).slice(1);
    const data = json === undefined ? '' : `"data":${json},`;
    const text = `{"type":${JSON.stringify(type)},${data}${rest}`;
    this.sendBuffer.send(mayHaveProto(text) ? JSON.stringify(parseWithoutProto(text)) : text);
  }

  /**
   * Sends a message to the client, as the handlers and exception filters of a gateway do. Inside a handler it carries the
   * `ref` of the handler's message. An `exception` becomes an `error` frame.
   */
  emit(event: string, payload: unknown): void {
    const message = runningMessageOf(this);
    const isAbandoned = message?.abandoned === true;
    const ref = isAbandoned ? undefined : message?.ref;
    if (event !== 'exception') {
      this.sendMessage(event, JSON.stringify(payload), ref);
      return;
    }
    if (isAbandoned) return;
    const refusal = refusalOf(payload, message?.type) ?? new ProtocolError('internal');
    const { code, details } = refusal;
    this.send({ type: 'error', code, message: refusal.message, ...(details === undefined ? {} : { details }) }, ref);
  }

  /**
   * Closes the connection after all queued frames. `ws` terminates the socket if the peer does not close in time.
   * @param why a close name of the protocol, or a close code of the application: 1000, or 3000 to 4999
   * @param about with a close name: the actor that closes it; with a code: the reason for the client
   * @throws RangeError if the name or code is not allowed; the connection then stays open
   */
  close(why: CloseName | number = 1000, about: string | null = null): void {
    if (this.closing) return;
    const { code, reason } = typeof why === 'number' ? customClose(why, about) : catalogueClose(why);
    this.closing = true;
    if (typeof why === 'string') this.closeReason = why;
    this.closedBy = typeof why === 'string' ? about : 'application';
    this.sendBuffer.close(code, reason);
  }
}

interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

function catalogueClose(why: CloseName): CloseFrame {
  if (Object.hasOwn(CLOSE_CODES, why)) return CLOSE_CODES[why];
  const names = Object.keys(CLOSE_CODES).join(', ');
  throw new RangeError(`close() takes a close code such as 4000, or one of: ${names}`);
}

function customClose(code: number, reason: string | null): CloseFrame {
  const isAllowed = Number.isInteger(code) && ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014));
  if (!isAllowed && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new RangeError(`The close code ${code} is not allowed: give 1000, or one from 3000 to 4999`);
  }
  const text = reason ?? '';
  if (Buffer.byteLength(text) > 123) throw new RangeError('The reason of a close must have at most 123 bytes');
  return { code, reason: text };
}
