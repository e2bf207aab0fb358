import { formatPosition, type Position } from '../../protocol/index.js';
import type { Broker, ReadLimits } from '../broker/broker.js';
import { EventFrame } from '../connections/event-frame.js';
import type { ReplayResult } from './catch-up.js';
import type { ChannelStream } from './channel-stream.js';

/** Reads the events that clients missed, from memory or with one shared read of the history per position. */
export class SharedReads {
  /** By topic and position: the running read, shared by all clients at this position. */
  private readonly pending = new Map<string, Promise<ReplayResult>>();

  constructor(
    private readonly broker: Pick<Broker, 'read'>,
    private readonly limits: ReadLimits,
  ) {}

  /** Returns the events after a position. */
  async after(stream: ChannelStream, position: Position): Promise<ReplayResult> {
    const top = stream.position;
    // The log has an event at this position, but the client received a different one.
    if (top !== null && stream.isDisplaced(position)) return { ok: false, reason: 'rewound', top };
    const recent = stream.recentAfter(position);
    if (recent !== null) return { ok: true, frames: recent, top: top! };
    const key = `${stream.topic} ${formatPosition(position)}`;
    let read = this.pending.get(key);
    if (read === undefined) {
      read = this.read(stream, position).finally(() => this.pending.delete(key));
      this.pending.set(key, read);
    }
    return read;
  }

  private async read({ topic, fields }: ChannelStream, after: Position): Promise<ReplayResult> {
    const result = await this.broker.read(topic, after, this.limits);
    if (!result.ok) return result;
    return { ok: true, frames: result.events.map((event) => EventFrame.of(event, fields)), top: result.top };
  }
}
