import type { FakeRealtimeServer, FakeStreamWriter } from '../../../src/testing/index.js';

export const BOARDS = ['boards:one', 'boards:two'] as const;
export type Board = (typeof BOARDS)[number];

/** Streams of text, and of JSON lines. */
export const LOGS = ['logs:text', 'logs:lines'] as const;
export type Log = (typeof LOGS)[number];

/** Bytes that a bounded stream keeps. */
const KEPT_BYTES = 300;

/** One stream of a channel, from its opening to the next one. */
export interface RecordedStream {
  /** All bytes that were written; a value of JSON lines is a line. */
  content: Buffer;
  /** Number of bytes at the beginning that the server no longer keeps. */
  start: number;
  state: string;
  readonly isBounded: boolean;
  /** Ends of the writes that are kept, oldest first. */
  readonly kept: number[];
}

/** The states and streams of a walk, as the server has them. */
export class ContentRecord {
  readonly refused = new Set<string>();
  // channel and position → state as JSON
  readonly #states = new Map<string, string>();
  readonly #streams = new Map<Log, RecordedStream[]>(LOGS.map((name) => [name, []]));
  readonly #writers = new Map<Log, FakeStreamWriter>();
  #writes = 0;

  constructor(readonly server: FakeRealtimeServer) {
    for (const name of BOARDS) {
      server.states.set(name, { count: 0, cards: {} });
      this.#stored(name);
    }
  }

  /** Returns the state at a position as JSON; `undefined` if the position is unknown. */
  stateAt(name: Board, position: string | undefined): string | undefined {
    return this.#states.get(`${name} ${position}`);
  }

  /** Returns the streams of a channel, oldest first. */
  streamsOf(name: Log): readonly RecordedStream[] {
    return this.#streams.get(name)!;
  }

  patch(name: Board, value: number): void {
    const { states } = this.server;
    const key = `/cards/${value % 3}`;
    if (value % 4 === 3) states.patch(name, { remove: [key] });
    else states.patch(name, { set: { [key]: { value }, '/count': value } });
    this.#stored(name);
  }

  /** Replaces the whole state, and ends failures. */
  set(name: Board, value: number): void {
    this.server.states.set(name, { count: value, cards: {}, large: 'x'.repeat(value % 3 === 0 ? 140_000 : 0) });
    this.#stored(name);
  }

  /** Publishes an event that is not a patch: the state does not change. */
  spoil(name: Board): void {
    this.server.publish(name as 'user:1', { set: { count: 'not a path' } });
    this.#stored(name);
  }

  /** Loses the history. The server sends the state instead, and to other subscribers a resync. */
  forget(name: Board): void {
    this.server.forget(name);
    this.#stored(name);
    this.server.states.reload(name);
    const lastEventId = this.server.lastEventId(name)!;
    for (const connection of this.server.open) {
      if (connection.subscriptions.has(name) && !connection.stateChannels.has(name))
        connection.send({ type: 'resync', channel: name, reason: 'unknown_epoch', lastEventId });
    }
  }

  /** Writes to the stream of a channel, and opens one if none is open. */
  write(name: Log, size: number, isResuming: boolean, isBounded: boolean): void {
    const stream = this.#opened(name, isResuming, isBounded);
    this.#writes += 1;
    const text = `${this.#streams.get(name)!.length}.${this.#writes} é😀${'=ü'.repeat(size)};`;
    this.#writers.get(name)!.write(isLines(name) ? { text } : text);
    stream.content = Buffer.concat([stream.content, Buffer.from(isLines(name) ? lineOf({ text }) : text)]);
    stream.kept.push(stream.content.length);
    while (stream.isBounded && stream.content.length - stream.start > KEPT_BYTES && stream.kept.length > 1)
      stream.start = stream.kept.shift()!;
  }

  /** Ends an open stream. */
  finish(name: Log, how: 'end' | 'fail'): void {
    const stream = this.#streams.get(name)!.at(-1);
    if (stream?.state !== 'open') return;
    stream.state = how === 'end' ? 'done' : 'failed';
    this.#writers.get(name)![how]('as planned');
  }

  /** Removes a stream, as if it had expired. */
  expire(name: Log): void {
    const stream = this.#streams.get(name)!.at(-1);
    if (stream === undefined || stream.state === 'open') return;
    this.server.forgetStream(name);
    stream.state = 'gone';
  }

  #opened(name: Log, isResuming: boolean, isBounded: boolean): RecordedStream {
    const streams = this.#streams.get(name)!;
    const last = streams.at(-1);
    if (last?.state === 'open') return last;
    const maxBytes = isBounded ? { maxBytes: KEPT_BYTES } : {};
    const isContinued = isResuming && last?.state === 'failed';
    const writer = this.server.openStream(name, { lines: isLines(name), resume: isResuming, ...maxBytes });
    const stream = isContinued ? last : { content: Buffer.alloc(0), start: 0, state: 'open', isBounded, kept: [] };
    stream.state = 'open';
    if (!isContinued) streams.push(stream);
    this.#writers.set(name, writer);
    writer.signal.addEventListener('abort', () => {
      if (stream.state === 'open' && this.#writers.get(name) === writer) stream.state = 'cancelled';
    });
    return stream;
  }

  #stored(name: Board): void {
    const { states } = this.server;
    this.#states.set(`${name} ${states.position(name)}`, JSON.stringify(states.get(name)));
  }
}

export function isLines(name: Log): boolean {
  return name === 'logs:lines';
}

export function lineOf(item: unknown): string {
  return `${JSON.stringify(item)}\n`;
}
