import {
  parsePosition,
  ProtocolError,
  type EventFrame as EventFrameJson,
  type HistoryReason,
  type Position,
  type RecoveryReason,
} from '../../protocol/index.js';
import type { Broker, ReadLimits } from '../broker/broker.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { Channel } from '../channels/channel-catalogue.js';
import type { View } from '../channels/fields/field-groups.js';
import { EventFrame } from '../connections/event-frame.js';
import type { ReplayResult } from './catch-up.js';

/** Maximum size of a page, in bytes. A page has at least one event. */
const PAGE_BYTES = 262_144;

const NO_FRAMES: readonly EventFrame[] = [];

/** A page of a history, as events that each receiver gets with the fields of its view. */
export class EventPage {
  constructor(
    private readonly channel: string,
    private readonly frames: readonly EventFrame[],
    /** True if more events are kept in the direction of the read. */
    readonly more: boolean,
    readonly reason?: HistoryReason | RecoveryReason,
    /** Position after which the next events follow; `null` if it is unknown. */
    readonly next: Position | null = null,
  ) {}

  get bytes(): number {
    return this.frames.reduce((sum, { wire }) => sum + wire.length, 0);
  }

  /** The fields of the answer as JSON, without braces. The events are the stored ones, not serialised again. */
  json(view: View): string {
    const { channel, frames, more, reason } = this;
    const events = frames.map((frame) => frame.viewedBy(view).bytes.toString());
    const end = JSON.stringify({ more, reason }).slice(1, -1);
    return `"channel":${JSON.stringify(channel)},"events":[${events.join(',')}],${end}`;
  }

  events(view: View): EventFrameJson[] {
    return this.frames.map((frame) => JSON.parse(frame.viewedBy(view).bytes.toString()) as EventFrameJson);
  }
}

/** Reads pages of histories for clients. */
export class HistoryPages {
  private readonly limits: ReadLimits;

  constructor(
    private readonly broker: Pick<Broker, 'page'>,
    { maxEvents, maxBytes }: ReadLimits,
    private readonly missedAfter: (topic: string, channel: Channel, after: Position) => Promise<ReplayResult>,
  ) {
    this.limits = { maxEvents, maxBytes: Math.min(maxBytes, PAGE_BYTES) };
  }

  /**
   * Reads the events directly before an id, or the last ones.
   * @param before id of the event before which the page ends
   * @throws ProtocolError `unavailable` if the broker does not answer
   */
  async read(
    topic: string,
    name: string,
    { fields, readable }: Channel,
    { before, limit }: { readonly before?: string; readonly limit: number },
  ): Promise<EventPage> {
    if (!readable) return new EventPage(name, NO_FRAMES, false, 'no_history');
    const position = before === undefined ? null : parsePosition(before);
    // No server issued this id, so it is treated like an id of an unknown epoch.
    const isUnknown = before !== undefined && position === null;
    if (isUnknown) return new EventPage(name, NO_FRAMES, false, 'unknown_epoch');
    const maxEvents = Math.min(limit, this.limits.maxEvents);
    const page = await answered(name, this.broker.page(topic, position, { ...this.limits, maxEvents }));
    if (page === null) return new EventPage(name, NO_FRAMES, false, 'unknown_epoch');
    const frames = page.events.map((event) => EventFrame.of(event, fields));
    const next = before === undefined ? (frames.at(-1)?.position ?? page.top) : null;
    return new EventPage(name, frames, page.more, undefined, next);
  }

  /**
   * Reads the first events after an id. If one of them is missing, the page is empty and has the reason.
   * @throws ProtocolError `unavailable` if the broker does not answer
   */
  async readAfter(
    topic: string,
    name: string,
    channel: Channel,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Promise<EventPage> {
    if (channel.history === null) return new EventPage(name, NO_FRAMES, false, 'no_history');
    const position = parsePosition(after);
    if (position === null) {
      const last = await answered(name, this.broker.page(topic, null, { ...this.limits, maxEvents: 1 }));
      return new EventPage(name, NO_FRAMES, false, 'unknown_epoch', last?.top);
    }
    const missed = await answered(name, this.missedAfter(topic, channel, position));
    if (!missed.ok) return new EventPage(name, NO_FRAMES, false, missed.reason, missed.top);
    const frames = this.within(missed.frames, limit);
    const more = frames.length < missed.frames.length;
    return new EventPage(name, frames, more, undefined, frames.at(-1)?.position ?? missed.top);
  }

  /** The first frames that a page can have, but at least one. */
  private within(frames: readonly EventFrame[], limit: number): readonly EventFrame[] {
    let bytes = 0;
    const end = frames.findIndex(({ wire }, index) => {
      bytes += wire.length;
      return index > 0 && (index >= limit || bytes > this.limits.maxBytes);
    });
    return end < 0 ? frames : frames.slice(0, end);
  }
}

async function answered<T>(channel: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof RealtimeUnavailableError) throw new ProtocolError('unavailable', { channel });
    throw error;
  }
}
