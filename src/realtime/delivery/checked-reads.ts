import { isEventBody } from '../../protocol/index.js';
import type { Broker, ReadLimits, ReadResult } from '../broker/broker.js';
import type { Position } from '../../protocol/index.js';
import type { ForeignData } from '../observability/foreign-data.js';
import { channelOf } from '../tenants/topic.js';

/** Validates the histories it reads. If an entry is not a valid event of the channel, the history counts as expired. */
export class CheckedReads implements Pick<Broker, 'read'> {
  constructor(
    private readonly broker: Pick<Broker, 'read'>,
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
}
