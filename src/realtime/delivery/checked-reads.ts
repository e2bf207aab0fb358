import { isEventBody } from '../../protocol/index.js';
import type { Broker, HistoryPage, ReadLimits, ReadResult } from '../broker/broker.js';
import type { Position } from '../../protocol/index.js';
import type { ForeignData } from '../observability/foreign-data.js';
import { holdsEvent } from '../schemas/event-body.js';
import { channelOf } from '../tenants/topic.js';

/** Validates the histories it reads. An entry that is not a valid event of the channel counts as lost. */
export class CheckedReads implements Pick<Broker, 'read' | 'page'> {
  constructor(
    private readonly broker: Pick<Broker, 'read' | 'page'>,
    private readonly foreign: ForeignData,
  ) {}

  /** @throws RealtimeUnavailableError */
  async read(topic: string, after: Position, limits: ReadLimits, withAt = false): Promise<ReadResult> {
    const result = await this.broker.read(topic, after, limits, withAt);
    if (!result.ok) return result;
    const channel = channelOf(topic);
    if (result.events.every(({ body }) => isEventBody(channel, body))) return result;
    this.foreign.skipped('An entry of a history', new Error('it is not an event of its channel'));
    return { ok: false, reason: 'expired', top: result.top };
  }

  /**
   * The page ends at an entry that is not a valid event. Its data is parsed, too: the events of a page share one frame.
   * @throws RealtimeUnavailableError
   */
  async page(topic: string, before: Position | null, limits: ReadLimits): Promise<HistoryPage | null> {
    const page = await this.broker.page(topic, before, limits);
    const channel = channelOf(topic);
    const invalid = page?.events.findLastIndex(({ body }) => !isEventBody(channel, body) || !holdsEvent(body)) ?? -1;
    if (page === null || invalid < 0) return page;
    this.foreign.skipped('An entry of a history', new Error('it is not an event of its channel'));
    return { ...page, events: page.events.slice(invalid + 1), more: false };
  }
}
