import { formatPosition, type Position } from '../../protocol/index.js';
import type { Broker, ReadLimits } from '../broker/broker.js';
import { EventFrame } from '../connections/event-frame.js';
import type { LastEvents, ReplayResult } from './catch-up.js';
import type { ChannelStream } from './channel-stream.js';

/** Runs a read, or joins the one that runs already. */
function shared<T>(running: Map<string, Promise<T>>, key: string, start: () => Promise<T>): Promise<T> {
  let read = running.get(key);
  if (read === undefined) {
    read = start().finally(() => running.delete(key));
    running.set(key, read);
  }
  return read;
}

/** A channel whose history is read. */
type Source = Pick<ChannelStream, 'topic' | 'fields'>;

/** Reads the events that clients missed, from memory or with one shared read of the history per position. */
export class SharedReads {
  /** By topic and position: the running read, shared by all clients at this position. */
  private readonly pending = new Map<string, Promise<ReplayResult>>();
  /** By topic and number of events: the running read of the last events. */
  private readonly rewinding = new Map<string, Promise<LastEvents>>();

  constructor(
    private readonly broker: Pick<Broker, 'read' | 'page'>,
    private readonly limits: ReadLimits,
  ) {}

  /** Returns the events after a position. */
  async after(stream: ChannelStream, position: Position): Promise<ReplayResult> {
    const top = stream.position;
    // The log has an event at this position, but the client received a different one.
    if (top !== null && stream.isDisplaced(position)) return { ok: false, reason: 'rewound', top };
    const recent = stream.recentAfter(position);
    if (recent !== null) return { ok: true, frames: recent, top: top! };
    return this.stored(stream, position);
  }

  /** Returns the events after a position from the history. */
  stored(source: Source, position: Position): Promise<ReplayResult> {
    return shared(this.pending, `${source.topic} ${formatPosition(position)}`, () => this.read(source, position));
  }

  /**
   * Returns the last kept events. Never from memory: it can hold more than the history keeps, and the answer must not depend on
   * the instance.
   */
  last(stream: ChannelStream, count: number): Promise<LastEvents> {
    return shared(this.rewinding, `${stream.topic} ${count}`, () => this.readLast(stream, count));
  }

  private async readLast({ topic, fields }: ChannelStream, maxEvents: number): Promise<LastEvents> {
    const { events, top } = (await this.broker.page(topic, null, { ...this.limits, maxEvents }))!;
    const frames = events.map((event) => EventFrame.of(event, fields));
    return { frames, from: { ...top, offset: top.offset - frames.length }, top };
  }

  private async read({ topic, fields }: Source, after: Position): Promise<ReplayResult> {
    const result = await this.broker.read(topic, after, this.limits);
    if (!result.ok) return result;
    return { ok: true, frames: result.events.map((event) => EventFrame.of(event, fields)), top: result.top };
  }
}
