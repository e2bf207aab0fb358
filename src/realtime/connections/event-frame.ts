import { eventBody, eventText, isLimitedBody, withoutData, type Position } from '../../protocol/index.js';
import { NO_USERS, type FieldGroups, type View } from '../fields/field-groups.js';
import { PerView } from '../fields/per-view.js';
import { decodeEventBody } from '../schemas/event-body.js';
import { frameDeflated, frameText } from './frame-bytes.js';

/** An event as it is stored and carried. */
export interface StoredEvent {
  readonly position: Position | null;
  readonly body: string;
  readonly traceparent?: string;
}

/** One event as it goes to every subscriber: the same bytes for all who get the same fields, made once. */
export class EventFrame {
  /** The whole WebSocket frame, ready to be written. */
  readonly wire: Buffer;
  private readonly payloadAt: number;
  private compressed: Buffer | null = null;
  private narrowed: PerView<EventFrame> | null = null;

  /**
   * @param position `null` on a channel that keeps no history
   * @param traceparent of its `emit`, where that is sampled
   * @param fields its restricted fields; `null` if there are none
   * @param users to whom the whole event shows more than this frame, by their ids
   */
  constructor(
    readonly position: Position | null,
    body: string,
    readonly traceparent?: string,
    readonly fields: FieldGroups | null = null,
    readonly users: ReadonlySet<string> = NO_USERS,
  ) {
    ({ wire: this.wire, payloadAt: this.payloadAt } = frameText(eventText(position, body)));
  }

  /** An event of a channel. What was emitted as not for everybody is withheld where it is not known whom it is for. */
  static of({ position, body, traceparent }: StoredEvent, fields: FieldGroups | null): EventFrame {
    const known = fields === null && isLimitedBody(body) ? withoutData(body) : body;
    return new EventFrame(position, known, traceparent, fields);
  }

  /** The event as those get it who have this view: made once for all of them. */
  viewedBy(view: View): EventFrame {
    const { fields } = this;
    if (fields === null || fields.isWhole(view)) return this;
    this.narrowed ??= new PerView((one) => this.narrow(fields, one));
    return this.narrowed.of(view);
  }

  /** When it was emitted, in milliseconds since 1970: the end of its text says so. */
  get emittedAt(): number {
    const end = this.wire.length - '"}'.length;
    return Date.parse(this.wire.toString('latin1', end - '2026-01-01T12:00:00.000Z'.length, end));
  }

  /** The text of the frame as UTF-8. */
  get bytes(): Buffer {
    return this.wire.subarray(this.payloadAt);
  }

  /** The frame for clients that read compressed ones: compressed once, when the first of them needs it. */
  get deflated(): Buffer {
    this.compressed ??= frameDeflated(this.bytes) ?? this.wire;
    return this.compressed;
  }

  private narrow(fields: FieldGroups, view: View): EventFrame {
    const text = this.bytes.toString();
    // What is kept of an event are its bytes alone.
    const body = text.slice(text.indexOf('"channel":'));
    const narrowed = narrowBody(body, fields, view);
    return new EventFrame(this.position, narrowed.body, this.traceparent, null, narrowed.users);
  }
}

/** What cannot be read, as a stranger may have written it, is withheld whole. */
function narrowBody(body: string, fields: FieldGroups, view: View): { body: string; users: ReadonlySet<string> } {
  try {
    const { channel, data, timestamp } = decodeEventBody(body);
    const users = fields.narrow(data, view);
    return { body: eventBody(channel, JSON.stringify(data), timestamp), users };
  } catch {
    return { body: withoutData(body), users: NO_USERS };
  }
}

/** All events of one channel in one turn of the loop, which go out together. */
export class EventBatch {
  private joined: Buffer | null = null;
  private joinedDeflated: Buffer | null = null;
  private namedUsers: ReadonlySet<string> | null = null;
  private narrowed: PerView<EventBatch> | null = null;

  constructor(readonly frames: readonly EventFrame[]) {}

  /** Whether it is not the same for everybody: {@link viewedBy} has what is. */
  get isLimited(): boolean {
    return this.frames[0]!.fields !== null;
  }

  /** The events as those get them who have this view: joined once for all of them. */
  viewedBy(view: View): EventBatch {
    this.narrowed ??= new PerView((one) => new EventBatch(this.frames.map((frame) => frame.viewedBy(one))));
    return this.narrowed.of(view);
  }

  /** To whom one of the whole events shows more than its frame here. */
  get users(): ReadonlySet<string> {
    const { frames } = this;
    this.namedUsers ??= frames.length === 1 ? frames[0]!.users : new Set(frames.flatMap(({ users }) => [...users]));
    return this.namedUsers;
  }

  /** The frames one behind the other; joined once, for all receivers. */
  get wire(): Buffer {
    this.joined ??= join(this.frames.map(({ wire }) => wire));
    return this.joined;
  }

  /** The same for clients that read compressed frames. */
  get deflated(): Buffer {
    this.joinedDeflated ??= join(this.frames.map(({ deflated }) => deflated));
    return this.joinedDeflated;
  }
}

function join(frames: readonly Buffer[]): Buffer {
  return frames.length === 1 ? frames[0]! : Buffer.concat(frames);
}
