import { randomUUID } from 'node:crypto';
import type { Observable } from 'rxjs';
import { CLOSE_CODES, ProtocolError, type CloseName, type Unstamped } from '../../protocol/index.js';
import type { Principal } from '../auth/principal.js';
import { mayHaveProto, parseWithoutProto } from '../channels/fields/without-proto.js';
import type { Counters } from '../observability/counters.js';
import type { FrameQueue } from './frame-queue.js';
import { FrameRate } from './frame-rate.js';
import { exclusionOf, isExcluded } from '../schemas/delivery-hints.js';
import { isoNow } from '../timing/iso-now.js';
import { refusalOf } from './message-refusal.js';
import { SendBuffer } from './send-buffer.js';
import { runningMessageOf, type RunningMessage } from './running-message.js';
import { SlidingWindowLimit } from './sliding-window-limit.js';
import type { Subscription } from './subscription.js';
import type { Transport } from './transport.js';

/** The options that a connection uses. */
export interface ConnectionLimits {
  readonly maxBufferedBytes: number;
  readonly framesPerSecond: number;
  readonly heartbeatIntervalMs: number;
}

/** A connection with more invalid frames within a minute is closed (4400). */
export const MAX_BAD_FRAMES_PER_MINUTE = 100;

/** A connection with this number of rejected `auth` frames in a row is closed (4401). */
export const MAX_REFUSED_AUTHS = 3;

/** Frames that the server sends without a request. All other frames are replies, and are charged to the client. */
const PUSHED: ReadonlySet<Unstamped['type']> = new Set(['presence_diff', 'resync', 'reconnect']);

/** A call of a command that runs for a connection. */
export interface PendingCall {
  readonly id: string;
  readonly command: string;
  /** `null` while it runs. */
  readonly outcome: object | null;
  abort(code: 'cancelled'): void;
  /** Removes a receiver of the outcome. @returns the number of those that remain */
  leave(receiver: object): number;
}

/** Handles an application message. Each value that it emits is a reply. */
export type MessageHandler = (data: unknown, message: RunningMessage) => Observable<unknown>;

/**
 * One client: its transport, principal, subscriptions and send buffer. It makes no decisions itself.
 * @hideconstructor
 */
export class Connection {
  /**
   * The subscriptions by channel name.
   * @internal
   */
  readonly subscriptions = new Map<string, Subscription>();
  /** @internal */
  readonly sendBuffer: SendBuffer;
  /** @internal */
  readonly rate: FrameRate;
  /** @internal */
  readonly badFrames = new SlidingWindowLimit(MAX_BAD_FRAMES_PER_MINUTE, 60_000);
  /** @internal */
  refusedAuths = 0;
  /** Number of re-authorizations. A decision that started in an earlier epoch must be made again. */
  authEpoch = 0;

  /** The key of limits per address. `null` for clients behind a proxy that is not configured. */
  countedAs: string | null = null;
  /**
   * Bytes of replies that were not charged to the budget yet. Negative if more was charged in advance.
   * @internal
   */
  unpaidBytes = 0;

  /**
   * Id of an earlier connection of this client, as the client named it in a `subscribe` frame; `null` if it named none. It is
   * not verified, because it only takes events from this client: those that were emitted with `except` for that id.
   * @internal
   */
  earlierId: string | null = null;

  /** The tenant that the client chose when it connected. */
  namedTenant: string | null = null;

  /** Channels named in the URL, until they are subscribed to; `null` if there are none. */
  channelsAtConnect: readonly string[] | null = null;

  /** Time until which a token is required; `Infinity` if none is missing. */
  authDeadline = Infinity;

  /** True if the client sent something since the last heartbeat. */
  alive = true;
  /** Time of the next heartbeat. */
  heartbeatAt: number;
  /** Number of messages received when the last heartbeat found an incomplete one; `null` if it found none. */
  partialMessageAfter: number | null = null;
  /** True once closing has started. Nothing is sent afterwards, except the close frame. */
  closing = false;
  /** Reason why the server closed it; `null` if it did not. */
  closeReason: CloseName | null = null;
  /** Actor that closed it, if known. */
  closedBy: string | null = null;

  /**
   * The frames of the client; `null` until the gateway has accepted the connection.
   * @internal
   */
  frames: FrameQueue<Connection> | null = null;
  /** Number of complete messages received. */
  messages = 0;
  /**
   * Application messages whose handlers are still running; `null` before the first one.
   * @internal
   */
  runningMessages: Set<RunningMessage> | null = null;
  /**
   * Calls of commands that wait for their outcome, by the receiver of the outcome; `null` before the first one.
   * @internal
   */
  calls: Map<object, PendingCall> | null = null;
  /**
   * Set when the connection is to be closed once its calls have ended: it begins no more. Called when none is left.
   * @internal
   */
  onCallsEnded: (() => void) | null = null;
  /** Handlers by message type of the application; `null` if there are none. */
  messageTypes: Map<string, MessageHandler> | null = null;

  constructor(
    /** @internal */
    readonly transport: Transport,
    /** IP address of the client. */
    readonly address: string,
    /** `null` without a token. Changed by the registry only. */
    public principal: Principal | null,
    limits: ConnectionLimits,
    private readonly onSlow: (connection: Connection) => void,
    private readonly counters: Counters,
    /** Start time, by {@link RealtimeClock.now}, like all other times in this class. */
    readonly since: number,
    /** The `connectionId` that the client received. */
    readonly id: string = randomUUID(),
  ) {
    this.sendBuffer = new SendBuffer(transport, limits.maxBufferedBytes, () => this.onSlow(this));
    this.rate = new FrameRate(limits.framesPerSecond, this.since);
    this.heartbeatAt = this.since + limits.heartbeatIntervalMs;
  }

  /** Value for `except` of `emit`: excludes this client, also after it reconnects. */
  get senderId(): string {
    const { id, earlierId, principal } = this;
    // The client could have named the connection of another user as its earlier one.
    return earlierId === null || principal === null ? id : exclusionOf(earlierId, principal.userKey);
  }

  /** @internal */
  isExcludedBy(exclusion: string): boolean {
    return isExcluded(this, exclusion);
  }

  /** True while a token is required before any other frame. */
  get awaitsAuth(): boolean {
    return this.authDeadline !== Infinity;
  }

  /**
   * Sends one frame with the current timestamp.
   * @param ref the `ref` of the request that it answers
   */
  send(frame: Unstamped, ref?: string): void {
    this.counters.countSent(frame);
    const named = ref === undefined ? '' : `,"ref":${JSON.stringify(ref)}`;
    const text = `${JSON.stringify(frame).slice(0, -1)}${named},"timestamp":"${new Date().toISOString()}"}`;
    if (!PUSHED.has(frame.type)) this.unpaidBytes += text.length;
    if (this.sendBuffer.send(text)) this.transport.cursor?.follow(frame);
  }

  /** Asks the client to reconnect after this time, in milliseconds. */
  sendReconnect(afterMs: number): void {
    this.send({ type: 'reconnect', afterMs });
    this.transport.reconnectAfter(afterMs);
  }

  /** Sends a reply that contains frames composed before. @param json its fields, without braces */
  reply(type: 'history' | 'result' | 'progress', json: string, ref?: string): void {
    this.counters.framesSent.add(type);
    const named = ref === undefined ? '' : `,"ref":${JSON.stringify(ref)}`;
    const text = `{"type":"${type}",${json}${named},"timestamp":"${isoNow()}"}`;
    this.unpaidBytes += text.length;
    this.sendBuffer.send(text);
  }

  /** Sends a reply whose bytes were created once for several clients. */
  answer(frame: Buffer): void {
    this.unpaidBytes += frame.length;
    this.sendBuffer.send(frame);
  }

  /**
   * Sends a frame with a message type of the application.
   * @param json the data as JSON; `undefined` for a frame without data
   */
  sendMessage(type: string, json: string | undefined, ref?: string): void {
    this.counters.framesSent.add('application');
    const rest = JSON.stringify({ ref, timestamp: new Date().toISOString() }).slice(1);
    const data = json === undefined ? '' : `"data":${json},`;
    const text = `{"type":${JSON.stringify(type)},${data}${rest}`;
    this.sendBuffer.send(mayHaveProto(text) ? JSON.stringify(parseWithoutProto(text)) : text);
  }

  /**
   * Sends a message to the client. Used by the handlers and exception filters of a gateway. Inside a handler, the message has the
   * `ref` of the handled message. An `exception` is sent as an `error` frame.
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
   * Closes the connection after all queued frames. It is terminated if the client does not close in time.
   * @param why a close name of the protocol, or a close code of the application: 1000, or 3000 to 4999
   * @param about with a close name: the actor that closes the connection; with a code: the reason sent to the client
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
