import type { RealtimeClient, Stop } from '../../../src/client/index.js';
import { live, type LiveResource } from '../../../src/client/live/index.js';
import { openStream, type RealtimeStream, type StreamPart } from '../../../src/client/streams/index.js';
import { follows } from './channel-watch.js';
import { BOARDS, isLines, lineOf, LOGS, type Board, type ContentRecord, type Log } from './content-record.js';

/** A place in the content of a stream, and the bytes from there on. */
interface Piece {
  readonly at: number;
  readonly bytes: Buffer;
}

/** Uses live resources and streams of a client. Reports content that the server does not have there. */
export class ContentWatch {
  /** Number of compared states and texts. */
  compared = 0;
  readonly #boards = new Map<Board, LiveResource[]>(BOARDS.map((name) => [name, []]));
  readonly #logs = new Map<Log, RealtimeStream[]>(LOGS.map((name) => [name, []]));
  readonly #plain = new Map<Board, Stop[]>(BOARDS.map((name) => [name, []]));
  // board → last event of its plain listener
  readonly #last = new Map<Board, string | undefined>();
  // stream → index of the recorded stream that it has shown last
  readonly #shown = new Map<Log, number>();

  constructor(
    private readonly client: RealtimeClient,
    private readonly record: ContentRecord,
    private readonly report: (problem: string) => void,
  ) {
    for (const name of BOARDS) this.#listen(name);
    client.on('identity', (identity) => {
      if (identity === null && client.state !== 'closed') this.#checkDropped();
    });
  }

  /** Uses everything once. */
  useAll(): void {
    for (const name of BOARDS) {
      this.useBoard(name);
      this.useEvents(name);
    }
    for (const name of LOGS) this.useLog(name);
  }

  useBoard(name: Board): void {
    const resource = live<string>(this.client, name);
    resource.subscribe(() => this.#compareState(name, resource));
    this.#boards.get(name)!.push(resource);
  }

  /** Subscribes to the patches of a live resource as to any events. */
  useEvents(name: Board): void {
    this.#plain.get(name)!.push(this.client.channel<string>(name).subscribe());
  }

  useLog(name: Log): void {
    const stream = openStream(this.client, name);
    stream.subscribe(() => this.#compareText(name, stream));
    void this.#iterate(name, stream);
    this.#logs.get(name)!.push(stream);
  }

  leave(name: Board | Log, isPlain: boolean): void {
    if (!isBoard(name)) this.#logs.get(name)!.pop()?.close();
    else if (isPlain) this.#plain.get(name)!.pop()?.();
    else this.#boards.get(name)!.pop()?.close();
  }

  cancel(name: Log): void {
    this.#logs
      .get(name)!
      .at(-1)
      ?.cancel()
      .catch(() => undefined);
  }

  retry(): void {
    for (const name of [...BOARDS, ...LOGS]) this.client.channel<string>(name).retry();
  }

  /** Checks that the client shows the content of the server. */
  checkAtRest(): void {
    for (const name of BOARDS) {
      const now = JSON.stringify(this.record.server.states.get(name));
      for (const resource of this.#boards.get(name)!) {
        const { status, data } = resource.getSnapshot();
        if (status !== 'live' || JSON.stringify(data) !== now) this.report(`${name} is ${status} in the end`);
      }
      if (this.#plain.get(name)!.length === 0 && this.#boards.get(name)!.length === 0) continue;
      const last = this.record.server.lastEventId(name);
      if (this.#last.get(name) !== last) this.report(`${name}: the events end at ${this.#last.get(name)} of ${last}`);
    }
    for (const name of LOGS) {
      const stream = this.record.streamsOf(name).at(-1);
      for (const log of this.#logs.get(name)!) {
        const snapshot = log.getSnapshot();
        const { at, bytes } = piecesOf(name, snapshot).at(-1)!;
        const length = at + bytes.length;
        const isWhole = this.#shown.get(name) === this.record.streamsOf(name).length - 1;
        if (snapshot.state !== stream?.state || length !== stream.content.length || !isWhole)
          this.report(`${name} is ${snapshot.state} with ${length} bytes of ${stream?.content.length} in the end`);
      }
    }
  }

  stop(): void {
    for (const resources of this.#boards.values()) for (const resource of resources) resource.close();
    for (const streams of this.#logs.values()) for (const stream of streams) stream.close();
  }

  #listen(name: Board): void {
    const channel = this.client.channel<string>(name);
    channel.on('event', ({ id }) => {
      const last = this.#last.get(name);
      // A subscription for the state begins without a position: it arrives with the state, perhaps after a patch.
      if (last !== undefined && !follows(id!, last)) this.report(`${name}: ${id} after ${last}`);
      this.#last.set(name, id);
    });
    channel.on('reset', ({ lastEventId }) => void this.#last.set(name, lastEventId));
    channel.on('state', ({ state, code, recovered }) => {
      if (state === 'unsubscribed' || code === 'other_user') this.#last.set(name, undefined);
      else if (state === 'subscribed' && recovered === undefined) this.#last.set(name, channel.lastEventId);
    });
  }

  /** Checks that the content of a former user is gone. */
  #checkDropped(): void {
    for (const [name, [resource]] of this.#boards)
      if (resource?.getSnapshot().data !== undefined) this.report(`${name}: the state of the former user stays`);
    for (const [name, [stream]] of this.#logs) {
      const { text = '', items = [] } = stream?.getSnapshot() ?? {};
      if (text !== '' || items.length > 0) this.report(`${name}: the text of the former user stays`);
    }
  }

  #compareState(name: Board, resource: LiveResource): void {
    const { status, data, position } = resource.getSnapshot();
    this.compared += 1;
    if (data === undefined) {
      if (status === 'live' || status === 'stale') this.report(`${name}: ${status} without a state`);
    } else if (this.record.stateAt(name, position) !== JSON.stringify(data)) {
      this.report(`${name} at ${position} holds ${JSON.stringify(data).slice(0, 200)}`);
    }
  }

  #compareText(name: Log, stream: RealtimeStream): void {
    const snapshot = stream.getSnapshot();
    const pieces = piecesOf(name, snapshot);
    if (pieces.length === 1 && pieces[0]!.bytes.length === 0) return;
    this.#shown.set(name, this.#find(name, pieces, snapshot.gaps.length > 0));
  }

  /** Returns the index of the recorded stream with these pieces. Reports if there is none, and gaps without a reason. */
  #find(name: Log, pieces: readonly Piece[], isShort: boolean): number {
    this.compared += 1;
    const streams = this.record.streamsOf(name);
    const found = streams.findIndex(({ content }) =>
      pieces.every(({ at, bytes }) => content.subarray(at, at + bytes.length).equals(bytes)),
    );
    const [first] = pieces;
    if (found < 0) {
      const text = pieces.map(({ at, bytes }) => `${at}: ${bytes.toString().slice(0, 60)}`).join(' | ');
      this.report(`${name} shows ${text}, which was never written`);
    } else if (isShort && pieces.some(({ at }) => at > Math.max(first!.at, streams[found]!.start))) {
      this.report(`${name} lacks bytes that the server has kept`);
    }
    return found;
  }

  /** Reads a stream by a loop, as far as it goes. */
  async #iterate(name: Log, stream: RealtimeStream): Promise<void> {
    let pieces: Piece[] = [{ at: 0, bytes: Buffer.alloc(0) }];
    try {
      for await (const part of stream) {
        if (part.restarted) pieces = [{ at: 0, bytes: Buffer.alloc(0) }];
        const { at, bytes } = pieces.at(-1)!;
        const next = at + bytes.length;
        const more = bytesOf(name, part);
        // A loop that begins late gets all gaps before as one: their places are unknown.
        if (part.missed !== undefined) {
          if (next === 0) return;
          pieces.push({ at: next + part.missed, bytes: more });
        } else pieces[pieces.length - 1] = { at, bytes: Buffer.concat([bytes, more]) };
        this.#find(name, pieces, false);
      }
    } catch {
      // It ends with the error of the stream.
    }
  }
}

function isBoard(name: Board | Log): name is Board {
  return (BOARDS as readonly string[]).includes(name);
}

function bytesOf(name: Log, { text, items }: Pick<StreamPart, 'text' | 'items'>): Buffer {
  return Buffer.from(isLines(name) ? items.map(lineOf).join('') : text);
}

/** Returns the content between the gaps, with its places. */
function piecesOf(name: Log, snapshot: ReturnType<RealtimeStream['getSnapshot']>): readonly Piece[] {
  const { text, items, gaps } = snapshot;
  const cut = (from: number, to?: number): Buffer =>
    bytesOf(name, { text: text.slice(from, to), items: items.slice(from, to) });
  const pieces: Piece[] = [{ at: 0, bytes: cut(0, gaps[0]?.index) }];
  for (const [index, gap] of gaps.entries()) {
    const { at, bytes } = pieces.at(-1)!;
    pieces.push({ at: at + bytes.length + gap.bytes, bytes: cut(gap.index, gaps[index + 1]?.index) });
  }
  return pieces;
}
