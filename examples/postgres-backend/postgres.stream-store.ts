import {
  lastBoundary,
  StreamStore,
  streamWritten,
  WRITER_LOST,
  type StreamOpened,
  type StreamOpening,
  type StreamPage,
  type StreamRules,
  type StreamWritten,
} from 'nestjs-realtime';
import type { Link } from './link.js';

interface Row {
  readonly id: string;
  readonly first: string;
  readonly top: string;
  readonly state: StreamPage['state'];
  readonly ending: string | null;
  readonly owner: string;
  readonly at: string;
  readonly part: Buffer;
}

type Append = Parameters<StreamStore['append']>;
type End = Parameters<StreamStore['end']>;

/** A row for each stream. Each method is one function in the database. */
export class PostgresStreamStore extends StreamStore {
  constructor(private readonly link: Link) {
    super();
  }

  override async open(
    topic: string,
    { id, writer, owner, resume }: StreamOpening,
    { leaseMs, ttlMs }: StreamRules,
    notice: string,
  ): Promise<StreamOpened> {
    const [row] = await this.link.query<{ opened: readonly [string, string, string] | null }>(
      'SELECT rt_open_stream($1, $2, $3, $4, $5, $6, $7, $8) AS opened',
      [topic, id, writer, owner, resume, leaseMs, ttlMs, notice],
    );
    const { opened } = row!;
    if (opened === null) return { state: 'conflict' };
    const start = Number(opened[1]);
    return { state: 'opened', id: opened[0], start, next: start + Number(opened[2]) };
  }

  override append(...[topic, { id, writer }, at, text, rules, notice]: Append): Promise<StreamWritten> {
    return this.write([topic, id, writer, at, Buffer.from(text)], rules, null, null, notice);
  }

  override end(...[topic, { id, writer }, at, text, { state, json }, rules, notice]: End): Promise<StreamWritten> {
    return this.write([topic, id, writer, at, Buffer.from(text)], rules, state, json, notice);
  }

  override async read(
    topic: string,
    at: number,
    maxBytes: number,
    lines: boolean,
    notice: string,
  ): Promise<StreamPage | null> {
    const [row] = await this.link.query<Row>('SELECT * FROM rt_read_stream($1, $2, $3, $4, $5, $6)', [
      ...[topic, at, maxBytes, lines, WRITER_LOST, notice],
    ]);
    if (row === undefined) return null;
    const { id, state, ending: end, owner, part } = row;
    const numbers = { start: Number(row.first), next: Number(row.top), at: Number(row.at) };
    return {
      id,
      state,
      end,
      owner,
      ...numbers,
      text: part.toString('utf8', 0, lastBoundary(part, 0, maxBytes, lines)),
    };
  }

  private async write(
    place: readonly unknown[],
    { leaseMs, ttlMs, maxBytes, lines }: StreamRules,
    state: string | null,
    json: string | null,
    notice: string,
  ): Promise<StreamWritten> {
    const [row] = await this.link.query<{ written: readonly string[] }>(
      'SELECT rt_write_stream($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS written',
      [...place, leaseMs, ttlMs, maxBytes, lines, state, json, notice],
    );
    return streamWritten(row!.written);
  }
}
