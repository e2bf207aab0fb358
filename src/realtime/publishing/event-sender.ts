import { randomUUID } from 'node:crypto';
import { eventBody, formatPosition } from '../../protocol/index.js';
import type { Broker } from '../broker/broker.js';
import type { Counters } from '../observability/counters.js';
import { beginEmit } from '../observability/tracing.js';
import { encodeHints } from '../schemas/delivery-hints.js';
import { tenantOf } from '../tenants/topic.js';
import { isoNow } from '../timing/iso-now.js';
import { KeyedBuckets } from '../timing/keyed-buckets.js';
import type { EmittedEvent } from './emitted-event.js';
import { currentCause } from './current-cause.js';
import { TenantBusyError } from './errors.js';
import type { ComposedEvent } from './event-composer.js';
import { observe } from './publish-outcome.js';

const DEFAULT_TIMEOUT_MS = 10_000;

/** Passes validated events to the broker, within the rate of their tenant. */
export class EventSender {
  private readonly tenantRates: KeyedBuckets;

  constructor(
    private readonly broker: Broker,
    private readonly counters: Counters,
    eventsPerSecond: number,
  ) {
    this.tenantRates = new KeyedBuckets({ perSecond: eventsPerSecond });
  }

  /** Publishes an event of the running code, for its call. @throws RealtimeUnavailableError or TenantBusyError */
  send(event: ComposedEvent): Promise<EmittedEvent> {
    const published = this.publish(event);
    currentCause()?.emits(event, published);
    return published;
  }

  /** Publishes an event of other code than the running one. @throws RealtimeUnavailableError or TenantBusyError */
  async publish(event: ComposedEvent): Promise<EmittedEvent> {
    const { channel, topic, options } = event;
    if (event.dropped) return { id: randomUUID(), channel, timestamp: isoNow(), dropped: true };
    const tenant = tenantOf(topic);
    if (tenant !== null && !this.tenantRates.take(tenant, performance.now())) {
      throw new TenantBusyError(`event rate limit of tenant ${tenant} exceeded (tenants.eventsPerSecond)`);
    }
    const timestamp = isoNow();
    const span = beginEmit(channel, event.pattern);
    const published = this.broker.publish({
      topic,
      body: eventBody(channel, event.json, timestamp, event.limited, event.cause),
      history: event.history,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      idempotencyKey: options.idempotencyKey,
      idempotencyMs: options.idempotencyMs,
      traceparent: span?.traceparent,
      hints: encodeHints(event.hints),
    });
    const { measurements } = this.counters;
    const observed = measurements !== null || span !== null;
    const position = await (observed ? observe(published, topic, measurements, span) : published);
    this.counters.published += 1;
    this.counters.byTenant.add(tenant, 'published');
    return { id: position === null ? randomUUID() : formatPosition(position), channel, timestamp };
  }
}
