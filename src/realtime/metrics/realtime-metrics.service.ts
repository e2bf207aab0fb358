import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import {
  createNoopMeter,
  metrics,
  type BatchObservableResult,
  type Histogram,
  type Meter,
  type Observable,
} from '@opentelemetry/api';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { RedisBridge } from '../bridge/redis-bridge.service.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { Counters } from '../observability/counters.js';
import type { Measurements } from '../observability/measurements.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { channelOf } from '../tenants/topic.js';
import { CHANNEL_PATTERN, METRICS, type MetricDefinition, type MetricName } from './metric-catalogue.js';
import { CounterMap } from '../observability/counter-map.js';

type Tell = (metric: MetricName, value: number, attributes?: Readonly<Record<string, string>>) => void;
type Observables = { readonly [N in MetricName]?: Observable };

/** Counters without an attribute, which have the same name here and there. */
const SUMS = [
  ...(['gapsFound', 'gapsFilled', 'slowConsumersClosed', 'buffersOverflowed'] as const),
  ...(['outboxSent', 'outboxSetAside', 'foreignMessages'] as const),
];

const TENANT = 'realtime.tenant';

/** How many samples a second the event loop is asked for its delay, as milliseconds between two. */
const LOOP_RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

/**
 * Reports the module's metrics to OpenTelemetry: to the global `MeterProvider` at the time when modules are
 * initialised. Without one nothing is registered or measured. Sums are read from plain numbers at collection; only
 * durations and sizes are recorded as they happen, once for each event or batch.
 */
@Injectable()
export class RealtimeMetrics implements Measurements, OnModuleInit, OnApplicationShutdown {
  private readonly publishedBy: CounterMap;
  private readonly deliveredBy: CounterMap;
  private readonly patterns: readonly string[];
  private loop: IntervalHistogram | null = null;
  private batchSize!: Histogram;
  private delivery!: Histogram;
  private publish!: Histogram;
  private policy!: Histogram;
  private forget: (() => void) | null = null;

  constructor(
    private readonly counters: Counters,
    private readonly registry: ConnectionRegistry,
    private readonly catalogue: ChannelCatalogue,
    private readonly bridge: RedisBridge,
    private readonly server: RealtimeServer,
    private readonly options: ResolvedRealtimeOptions,
  ) {
    this.patterns = [...catalogue.patterns()];
    this.publishedBy = new CounterMap(this.patterns);
    this.deliveredBy = new CounterMap(this.patterns);
  }

  onModuleInit(): void {
    const meter = metrics.getMeter('nestjs-realtime');
    if (meter === createNoopMeter()) return;
    this.loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
    this.loop.enable();
    this.batchSize = histogram(meter, METRICS.batchSize);
    this.delivery = histogram(meter, METRICS.delivery);
    this.publish = histogram(meter, METRICS.publish);
    this.policy = histogram(meter, METRICS.policy);
    const observables = observablesOf(meter);
    const all = Object.values(observables);
    const observe = (result: BatchObservableResult): void => this.observe(result, observables);
    meter.addBatchObservableCallback(observe, all);
    const endMeasuring = this.counters.measure(this);
    this.forget = () => {
      meter.removeBatchObservableCallback(observe, all);
      endMeasuring();
    };
  }

  onApplicationShutdown(): void {
    this.loop?.disable();
    this.forget?.();
  }

  published(topic: string, seconds: number, error: string | null): void {
    if (error === null) this.publishedBy.add(this.catalogue.patternOf(channelOf(topic)));
    this.publish.record(seconds, error === null ? {} : { 'error.type': error });
  }

  batch(topic: string, events: number, deliveries: number, oldestAt: number): void {
    this.deliveredBy.add(this.catalogue.patternOf(channelOf(topic)), deliveries);
    this.batchSize.record(events);
    // The clocks of two instances differ a little: an event is never delivered before it was emitted.
    this.delivery.record(Math.max(0, Date.now() - oldestAt) / 1_000);
  }

  replayed(topic: string, events: number): void {
    this.deliveredBy.add(this.catalogue.patternOf(channelOf(topic)), events);
  }

  policyAnswered(pattern: string, outcome: string, seconds: number): void {
    this.policy.record(seconds, { [CHANNEL_PATTERN]: pattern, 'realtime.policy.outcome': outcome });
  }

  private observe(result: BatchObservableResult, to: Observables): void {
    const tell: Tell = (metric, value, attributes = {}) => result.observe(to[metric]!, value, attributes);
    const tellAll = (metric: MetricName, attribute: string, tally: Iterable<[string, number]>): void => {
      for (const [label, count] of tally) tell(metric, count, { [attribute]: label });
    };
    const { counters } = this;
    tellAll('handshakes', 'realtime.handshake.outcome', counters.handshakes);
    tellAll('closed', 'realtime.close.code', counters.closed);
    tellAll('framesReceived', 'realtime.frame.type', counters.framesReceived);
    tellAll('framesSent', 'realtime.frame.type', counters.framesSent);
    tell('framesSent', counters.delivered, { 'realtime.frame.type': 'event' });
    tellAll('errorsSent', 'error.type', counters.errorsSent);
    tellAll('published', CHANNEL_PATTERN, this.publishedBy);
    tellAll('delivered', CHANNEL_PATTERN, this.deliveredBy);
    tellAll('resyncs', 'realtime.recovery.reason', counters.resyncs);
    tellAll('recoveries', 'realtime.recovery.outcome', counters.recoveries);
    tellAll('invalidEvents', 'realtime.event.outcome', counters.invalidEvents);
    tellAll('failedEvents', 'error.type', counters.failedEvents);
    tellAll('policyFailures', 'error.type', counters.policyFailures);
    for (const sum of SUMS) tell(sum, counters[sum]);
    this.observeChannels(tell);
    tell('brokerUp', this.bridge.status.up ? 1 : 0);
    const { queuedEvents, queuedBytes, selfPingAgeMs } = this.bridge.brokerHealth;
    tell('queuedEvents', queuedEvents);
    tell('queuedBytes', queuedBytes);
    if (selfPingAgeMs !== null) tell('beatAge', selfPingAgeMs / 1_000);
    tell('draining', this.server.draining ? 1 : 0);
    this.observeConnections(tell);
    if (this.options.tenants.metrics) this.observeTenants(tell);
    this.observeLoop(tell);
  }

  private observeConnections(tell: Tell): void {
    const states = { authenticated: 0, anonymous: 0, pending: 0 };
    let buffered = 0;
    let most = 0;
    for (const { principal, awaitsAuth, sendBuffer } of this.registry.all()) {
      states[principal !== null ? 'authenticated' : awaitsAuth ? 'pending' : 'anonymous'] += 1;
      buffered += sendBuffer.bufferedBytes;
      most = Math.max(most, sendBuffer.bufferedBytes);
    }
    for (const [state, count] of Object.entries(states)) tell('connections', count, { 'realtime.auth.state': state });
    tell('buffered', buffered);
    tell('bufferedMost', most);
  }

  private observeChannels(tell: Tell): void {
    const subscriptions = new CounterMap(this.patterns);
    let channels = 0;
    for (const topic of this.registry.topics()) {
      channels += 1;
      subscriptions.add(this.catalogue.patternOf(channelOf(topic)), this.registry.subscribersOf(topic).size);
    }
    tell('channels', channels);
    for (const [pattern, count] of subscriptions) tell('subscriptions', count, { [CHANNEL_PATTERN]: pattern });
  }

  private observeTenants(tell: Tell): void {
    for (const [tenant, { connections, subscriptions }] of this.registry.tenants()) {
      tell('tenantConnections', connections.size, { [TENANT]: tenant });
      tell('tenantSubscriptions', subscriptions, { [TENANT]: tenant });
    }
    for (const [tenant, { published, delivered }] of this.counters.byTenant) {
      tell('tenantPublished', published, { [TENANT]: tenant });
      tell('tenantDelivered', delivered, { [TENANT]: tenant });
    }
  }

  private observeLoop(tell: Tell): void {
    const { loop } = this;
    if (loop === null) return;
    tell('eventLoopP50', loop.percentile(50) / NANOSECONDS);
    tell('eventLoopP99', loop.percentile(99) / NANOSECONDS);
    tell('eventLoopMax', loop.max / NANOSECONDS);
    loop.reset();
  }
}

function histogram(meter: Meter, { name, description, unit, boundaries }: MetricDefinition): Histogram {
  return meter.createHistogram(name, {
    description,
    unit,
    advice: { explicitBucketBoundaries: [...(boundaries ?? [])] },
  });
}

function observablesOf(meter: Meter): Observables {
  const made: Partial<Record<MetricName, Observable>> = {};
  for (const [key, definition] of Object.entries(METRICS)) {
    const { name, kind, unit, description } = definition;
    if (kind === 'histogram') continue;
    const options = { unit, description };
    made[key as MetricName] =
      kind === 'counter'
        ? meter.createObservableCounter(name, options)
        : kind === 'upDown'
          ? meter.createObservableUpDownCounter(name, options)
          : meter.createObservableGauge(name, options);
  }
  return made;
}
