import type { Broker } from '../../broker/broker.js';
import {
  StreamStore,
  WRITER_LOST,
  type StreamEnd,
  type StreamOpened,
  type StreamOpening,
  type StreamPage,
  type StreamRules,
  type StreamToken,
  type StreamWritten,
} from '../../streams/stream-store.js';
import { firstBoundary, lastBoundary } from '../../streams/text-boundaries.js';
import { GrowingText } from './growing-text.js';

/** A stream, as it is kept. */
export interface StoredStream {
  id: string;
  writer: string;
  owner: string;
  state: StreamPage['state'];
  end: string | null;
  start: number;
  text: GrowingText;
  leaseEndsAt: number;
  endsAt: number;
}

/** Number of calls between two removals of expired streams. */
const CALLS_PER_SWEEP = 1_000;

/** Stream store of a single instance. */
export class MemoryStreamStore extends StreamStore {
  private calls = 0;

  /** @param now monotonic clock, in milliseconds */
  constructor(
    private readonly broker: Pick<Broker, 'publish'>,
    private readonly now: () => number = () => performance.now(),
    private readonly streams = new Map<string, StoredStream>(),
  ) {
    super();
  }

  override async open(
    topic: string,
    { id, writer, owner, resume }: StreamOpening,
    { leaseMs, ttlMs }: StreamRules,
    notice: string,
  ): Promise<StreamOpened> {
    const now = this.now();
    const found = this.find(topic);
    if (found?.writer === writer) return opened(found);
    if (found?.state === 'open' && found.leaseEndsAt > now) return { state: 'conflict' };
    const times = { leaseEndsAt: now + leaseMs, endsAt: now + ttlMs };
    const isKept = resume && (found?.state === 'open' || found?.state === 'failed');
    const before = isKept ? found : { id, start: 0, text: new GrowingText() };
    const stream: StoredStream = { ...before, ...times, writer, owner, state: 'open', end: null };
    this.streams.set(topic, stream);
    await this.notify(topic, notice);
    return opened(stream);
  }

  override async append(
    topic: string,
    token: StreamToken,
    at: number,
    text: string,
    rules: StreamRules,
    notice: string,
  ): Promise<StreamWritten> {
    const found = this.writtenBy(topic, token);
    if ('refusal' in found) return { state: found.refusal };
    const { stream } = found;
    if (stream.state !== 'open') return { state: 'ended' };
    const refusal = write(stream, at, text, rules);
    if (refusal !== null) return refusal;
    const now = this.now();
    stream.leaseEndsAt = now + rules.leaseMs;
    stream.endsAt = now + rules.ttlMs;
    await this.notify(topic, notice);
    return { state: 'written' };
  }

  override async end(
    topic: string,
    token: StreamToken,
    at: number,
    text: string,
    { state, json }: StreamEnd,
    rules: StreamRules,
    notice: string,
  ): Promise<StreamWritten> {
    const found = this.writtenBy(topic, token);
    if ('refusal' in found) return { state: found.refusal };
    const { stream } = found;
    if (stream.state === state && stream.end === json) return { state: 'written' };
    if (stream.state !== 'open') return { state: 'ended' };
    const refusal = write(stream, at, text, rules);
    if (refusal !== null) return refusal;
    stream.state = state;
    stream.end = json;
    stream.endsAt = this.now() + rules.ttlMs;
    await this.notify(topic, notice);
    return { state: 'written' };
  }

  override async read(
    topic: string,
    at: number,
    maxBytes: number,
    lines: boolean,
    notice: string,
  ): Promise<StreamPage | null> {
    const stream = this.find(topic);
    if (stream === null) return null;
    if (stream.state === 'open' && stream.leaseEndsAt <= this.now()) {
      stream.state = 'failed';
      stream.end = WRITER_LOST;
      await this.notify(topic, notice);
    }
    const { id, start, state, end, owner } = stream;
    const { bytes } = stream.text;
    const from = firstBoundary(bytes, Math.max(0, at - start), lines);
    const to = maxBytes === 0 ? from : lastBoundary(bytes, from, from + maxBytes, lines);
    const part = { at: start + from, text: bytes.toString('utf8', from, to) };
    return { id, start, next: nextOf(stream), state, end, owner, ...part };
  }

  private find(topic: string): StoredStream | null {
    this.calls += 1;
    if (this.calls % CALLS_PER_SWEEP === 0) this.sweep();
    const stream = this.streams.get(topic);
    return stream === undefined || stream.endsAt <= this.now() ? null : stream;
  }

  private writtenBy(
    topic: string,
    { id, writer }: StreamToken,
  ): { readonly stream: StoredStream } | { readonly refusal: 'lost' | 'fenced' } {
    const stream = this.find(topic);
    if (stream === null) return { refusal: 'lost' };
    return stream.id === id && stream.writer === writer ? { stream } : { refusal: 'fenced' };
  }

  private sweep(): void {
    const now = this.now();
    for (const [topic, { endsAt }] of this.streams) if (endsAt <= now) this.streams.delete(topic);
  }

  private async notify(topic: string, notice: string): Promise<void> {
    // A broker that is shutting down reaches no reader any more.
    await this.broker.publish({ topic, body: notice, history: null, timeoutMs: 1_000 }).catch(() => undefined);
  }
}

function opened(stream: StoredStream): StreamOpened {
  return { state: 'opened', id: stream.id, start: stream.start, next: nextOf(stream) };
}

function nextOf({ start, text }: StoredStream): number {
  return start + text.length;
}

/** Appends text at the end. If it ends there, it was appended before. @returns a refusal, or `null` */
function write(stream: StoredStream, at: number, text: string, { maxBytes, lines }: StreamRules): StreamWritten | null {
  const next = nextOf(stream);
  const bytes = Buffer.byteLength(text);
  if (next < at) return { state: 'behind', next };
  if (next > at) return next === at + bytes ? null : { state: 'fenced' };
  stream.text.append(text, bytes);
  const { length } = stream.text;
  if (length > maxBytes) {
    const cut = firstBoundary(stream.text.bytes, length - Math.floor((maxBytes * 3) / 4), lines);
    stream.text.drop(cut);
    stream.start += cut;
  }
  return null;
}
