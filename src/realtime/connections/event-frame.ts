import {
  eventBody,
  eventText,
  formatPosition,
  isLimitedBody,
  withoutData,
  type Position,
} from '../../protocol/index.js';
import { NO_USERS, type FieldGroups, type View } from '../channels/fields/field-groups.js';
import { PerView } from '../channels/fields/per-view.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { decodeHints, type DeliveryHints } from '../schemas/delivery-hints.js';
import { eventBlock, frameDeflated, frameText, idBlock } from './frame-bytes.js';

const NO_HINTS: DeliveryHints = {};

/** The part of a connection that decides whether it receives an event. */
export interface Recipient {
  /** Returns true if the connection does not receive events with this exclusion. */
  isExcludedBy?(exclusion: string): boolean;
}

/** The frame of one event. Its bytes are created once for all subscribers that receive the same fields. */
export class EventFrame {
  /** The complete WebSocket frame, ready to be written. */
  readonly wire: Buffer;
  /** True if it contains no change: subscriptions with a state receive their state instead. */
  readonly isReload: boolean;
  private readonly payloadAt: number;
  private compressed: Buffer | null = null;
  private streamed: Buffer | null = null;
  private narrowed: PerView<EventFrame> | null = null;

  /**
   * @param position `null` on a channel without history
   * @param traceparent traceparent of the `emit`, if it is sampled
   * @param fields restricted fields; `null` if there are none
   * @param users ids of the users who receive more fields than this frame has
   * @param hints the connection that does not receive it, and its conflation key
   */
  constructor(
    readonly position: Position | null,
    body: string,
    readonly traceparent?: string,
    readonly fields: FieldGroups | null = null,
    readonly users: ReadonlySet<string> = NO_USERS,
    readonly hints: DeliveryHints = NO_HINTS,
  ) {
    this.isReload = fields?.isReload(body) === true;
    ({ wire: this.wire, payloadAt: this.payloadAt } = frameText(eventText(position, body)));
  }

  /**
   * Creates the frame of an event. If the event has restricted fields and this instance does not know them, its data is withheld.
   */
  static of(
    event: {
      readonly position: Position | null;
      readonly body: string;
      readonly traceparent?: string;
      readonly hints?: string;
    },
    fields: FieldGroups | null,
  ): EventFrame {
    const { position, body, traceparent, hints } = event;
    const known = fields?.received(body, position) ?? (isLimitedBody(body) ? withoutData(body) : body);
    return new EventFrame(
      position,
      known,
      traceparent,
      fields,
      NO_USERS,
      hints === undefined ? NO_HINTS : decodeHints(hints),
    );
  }

  /** Returns the event with only the fields of this view. Created once per view. */
  viewedBy(view: View): EventFrame {
    const { fields } = this;
    if (fields === null || fields.isWhole(view)) return this;
    this.narrowed ??= new PerView((one) => this.narrow(fields, one));
    return this.narrowed.of(view);
  }

  /** Returns true if the event was emitted with `except` for this connection. */
  isWithheldFrom(connection: Recipient): boolean {
    const { except } = this.hints;
    return except !== undefined && connection.isExcludedBy?.(except) === true;
  }

  /** Time of the emit, in milliseconds since 1970, parsed from the end of the frame. */
  get emittedAt(): number {
    const end = this.wire.length - '"}'.length;
    return Date.parse(this.wire.toString('latin1', end - '2026-01-01T12:00:00.000Z'.length, end));
  }

  /** The payload of the frame as UTF-8. */
  get bytes(): Buffer {
    return this.wire.subarray(this.payloadAt);
  }

  /** The frame for clients that accept compression. Compressed once, when the first of them needs it. */
  get deflated(): Buffer {
    this.compressed ??= frameDeflated(this.bytes) ?? this.wire;
    return this.compressed;
  }

  /** The block for streams of server-sent events. Built once, when the first of them needs it. */
  get block(): Buffer {
    return (this.streamed ??= eventBlock(this.bytes));
  }

  private narrow(fields: FieldGroups, view: View): EventFrame {
    const text = this.bytes.toString();
    // An event keeps only its bytes, so they are parsed again.
    const body = text.slice(text.indexOf('"channel":'));
    const narrowed = narrowBody(body, fields, view);
    return new EventFrame(this.position, narrowed.body, this.traceparent, null, narrowed.users, this.hints);
  }
}

/**
 * Hides the fields that are not in the view. If the body cannot be parsed, for example because it is forged, all data is
 * withheld.
 */
function narrowBody(body: string, fields: FieldGroups, view: View): { body: string; users: ReadonlySet<string> } {
  try {
    const { channel, data, timestamp, cause } = decodeEventBody(body);
    const users = fields.narrow(data, view);
    return { body: eventBody(channel, JSON.stringify(data), timestamp, false, cause), users };
  } catch {
    return { body: withoutData(body), users: NO_USERS };
  }
}

/** The events of one channel in one turn of the event loop, sent together. */
export class EventBatch {
  private joined: Buffer | null = null;
  private joinedDeflated: Buffer | null = null;
  private joinedBlock: Buffer | null = null;
  private joinedIdentified: Buffer | null = null;
  private id: string | null | undefined = undefined;
  private namedUsers: ReadonlySet<string> | null = null;
  private narrowed: PerView<EventBatch> | null = null;
  /** Number of events that were queued for subscribers, of all views. */
  delivered = 0;

  /**
   * @param whole the batch with all fields, if this batch is a view of it
   * @param topic the topic of its events
   */
  constructor(
    readonly frames: readonly EventFrame[],
    private readonly whole: EventBatch | null = null,
    readonly topic = '',
  ) {}

  countDelivered(events: number): void {
    (this.whole ?? this).delivered += events;
  }

  /** The same events by topic. */
  get parts(): readonly EventBatch[] {
    return [this];
  }

  /** True if an event replaces older events that have not left. */
  get isConflated(): boolean {
    return this.frames.some(({ hints }) => hints.conflate !== undefined);
  }

  /** True if receivers get different fields: use {@link viewedBy}. */
  get isLimited(): boolean {
    return this.frames[0]!.fields !== null;
  }

  /** Returns the events with only the fields of this view. Joined once per view. */
  viewedBy(view: View): EventBatch {
    this.narrowed ??= new PerView((one) => {
      const frames = this.frames.map((frame) => frame.viewedBy(one));
      return new EventBatch(frames, this, this.topic);
    });
    return this.narrowed.of(view);
  }

  /** True if a connection does not receive all of these events: use {@link receivedBy}. */
  get isSelective(): boolean {
    return this.frames.some(({ hints }) => hints.except !== undefined);
  }

  /** Returns the events that this connection receives; `null` if it receives none. */
  receivedBy(connection: Recipient): EventBatch | null {
    const { frames } = this;
    const received = frames.filter((frame) => !frame.isWithheldFrom(connection));
    if (received.length === frames.length) return this;
    return received.length === 0 ? null : new EventBatch(received, this.whole ?? this, this.topic);
  }

  /** Ids of the users who receive more fields of one of the events than its frame has. */
  get users(): ReadonlySet<string> {
    const { frames } = this;
    this.namedUsers ??= frames.length === 1 ? frames[0]!.users : new Set(frames.flatMap(({ users }) => [...users]));
    return this.namedUsers;
  }

  /** The concatenated frames, created once for all receivers. */
  get wire(): Buffer {
    this.joined ??= join(this.frames.map(({ wire }) => wire));
    return this.joined;
  }

  /** The same for clients that accept compression. */
  get deflated(): Buffer {
    this.joinedDeflated ??= join(this.frames.map(({ deflated }) => deflated));
    return this.joinedDeflated;
  }

  /** The same for streams of server-sent events. */
  get block(): Buffer {
    return (this.joinedBlock ??= join(this.frames.map(({ block }) => block)));
  }

  /** The same, with the id of the last event as the position of the client. */
  get identified(): Buffer {
    return (this.joinedIdentified ??= Buffer.concat([this.block, idBlock(this.lastId ?? '')]));
  }

  /** The id of the last event; `null` if it has none. */
  get lastId(): string | null {
    if (this.id !== undefined) return this.id;
    const { position } = this.frames.at(-1)!;
    return (this.id = position === null ? null : formatPosition(position));
  }
}

function join(frames: readonly Buffer[]): Buffer {
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
}
