import {
  parsePosition,
  ProtocolError,
  type EventFrame as EventFrameJson,
  type HistoryReason,
} from '../../protocol/index.js';
import type { Broker, HistoryPage, ReadLimits } from '../broker/broker.js';
import { RealtimeUnavailableError } from '../broker/errors.js';
import type { Channel } from '../channels/channel-catalogue.js';
import type { View } from '../channels/fields/field-groups.js';
import { EventFrame } from '../connections/event-frame.js';

/** Maximum size of a page, in bytes. A page has at least one event. */
const PAGE_BYTES = 262_144;

const NO_FRAMES: readonly EventFrame[] = [];

/** A page of a history, as events that each receiver gets with the fields of its view. */
export class EventPage {
  constructor(
    private readonly channel: string,
    private readonly frames: readonly EventFrame[],
    readonly more: boolean,
    readonly reason?: HistoryReason,
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
  ) {
    this.limits = { maxEvents, maxBytes: Math.min(maxBytes, PAGE_BYTES) };
  }

  /**
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
    const maxEvents = Math.min(limit, this.limits.maxEvents);
    let page: HistoryPage | null;
    try {
      page = isUnknown ? null : await this.broker.page(topic, position, { ...this.limits, maxEvents });
    } catch (error) {
      if (error instanceof RealtimeUnavailableError) throw new ProtocolError('unavailable', { channel: name });
      throw error;
    }
    if (page === null) return new EventPage(name, NO_FRAMES, false, 'unknown_epoch');
    return new EventPage(
      name,
      page.events.map((event) => EventFrame.of(event, fields)),
      page.more,
    );
  }
}
