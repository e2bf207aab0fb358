import {
  eventBody,
  eventText,
  formatPosition,
  parsePosition,
  type Position,
  type RecoveryReason,
} from '../protocol/index.js';

/** Result of a resume. */
export type Recovery =
  | { readonly recovered: true; readonly missed: readonly string[] }
  | { readonly recovered: false; readonly reason: RecoveryReason };

/** An event frame as JSON, and the client that does not receive it. */
interface KeptEvent {
  readonly text: string;
  readonly except: string | undefined;
}

/** Fields of an event besides its data. */
export interface Marks {
  readonly except?: string | undefined;
  readonly cause?: string | undefined;
}

let epochs = 0;

/** One channel of a fake server: its offsets and its history. */
export class FakeChannel {
  #epoch = newEpoch();
  #top = 0;
  // oldest first
  #kept: KeptEvent[] = [];

  /** @param size number of events to keep; 0 for a channel without history, whose events have no ids */
  constructor(
    readonly name: string,
    private readonly size: number,
  ) {}

  /** Position of the last event; `undefined` without history. */
  get lastEventId(): string | undefined {
    return this.size === 0 ? undefined : formatPosition(this.#position);
  }

  /**
   * @param except id of a client that does not receive it
   * @param cause id of the call that caused it
   * @returns the frame as JSON
   */
  append(data: unknown, timestamp: string, { except, cause }: Marks = {}): string {
    const json = JSON.stringify(data) as string | undefined;
    if (json === undefined) throw new TypeError(`The data of an event of ${this.name} is not JSON: ${String(data)}`);
    const body = eventBody(this.name, json, timestamp, false, cause);
    if (this.size === 0) return eventText(null, body);
    this.#top += 1;
    const text = eventText(this.#position, body);
    this.#kept.push({ text, except });
    if (this.#kept.length > this.size) this.#kept.shift();
    return text;
  }

  /** @param ids ids of the client: events that exclude one of them are left out */
  recover(lastEventId: string, ids: readonly (string | undefined)[] = []): Recovery {
    if (this.size === 0) return { recovered: false, reason: 'no_history' };
    const position = parsePosition(lastEventId);
    if (position === null || position.epoch !== this.#epoch) return { recovered: false, reason: 'unknown_epoch' };
    if (position.offset > this.#top) return { recovered: false, reason: 'rewound' };
    const missed = this.#top - position.offset;
    if (missed > this.#kept.length) return { recovered: false, reason: 'expired' };
    const after = missed === 0 ? [] : this.#kept.slice(-missed);
    const received = after.filter(({ except }) => except === undefined || !ids.includes(except));
    return { recovered: true, missed: received.map(({ text }) => text) };
  }

  /** Returns the last events before an id as frames, oldest first. @returns `null` if the id is unknown */
  page(limit: number, before?: string): { readonly frames: readonly string[]; readonly more: boolean } | null {
    const position = before === undefined ? { ...this.#position, offset: this.#top + 1 } : parsePosition(before);
    if (position === null || position.epoch !== this.#epoch || position.offset > this.#top + 1) return null;
    const older = this.#kept.slice(0, Math.max(0, this.#kept.length - (this.#top + 1 - position.offset)));
    return { frames: older.slice(-limit).map(({ text }) => text), more: older.length > limit };
  }

  /** Returns the last events as frames, and the position before them. */
  last(count: number): { readonly frames: readonly string[]; readonly from: string } {
    const frames = (count === 0 ? [] : this.#kept.slice(-count)).map(({ text }) => text);
    return { frames, from: formatPosition({ ...this.#position, offset: this.#top - frames.length }) };
  }

  /**
   * Loses the history and starts a new epoch, like a server that lost its data: earlier ids can no longer be resumed.
   */
  forget(): void {
    this.#epoch = newEpoch();
    this.#kept = [];
  }

  get #position(): Position {
    return { epoch: this.#epoch, offset: this.#top };
  }
}

function newEpoch(): string {
  epochs += 1;
  return `fake${epochs}`;
}
