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
import { limitedUserOf } from '../auth/guest.js';
import { RedisBridge } from '../delivery/redis-bridge.service.js';
import { ChannelCatalogue } from '../channels/channel-catalogue.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { RealtimeServer } from '../gateway/realtime-server.js';
import { Counters } from '../observability/counters.js';
import type { Measurements } from '../observability/measurements.js';
import { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { channelOf } from '../tenants/topic.js';
import { LiveResources } from '../live/live-resources.service.js';
import { RealtimeStreams } from '../streams/realtime-streams.service.js';
import { METRICS, type MetricName } from './metric-catalogue.js';
import { CHANNEL_PATTERN, type MetricDefinition } from './metric-definition.js';
import { CounterMap } from '../observability/counter-map.js';

type Report = (metric: MetricName, value: number, attributes?: Readonly<Record<string, string>>) => void;
type ReportAll = (metric: MetricName, attribute: string, counts: Iterable<[string, number]>) => void;
type Observables = { readonly [N in MetricName]?: Observable };

/** Counters that are reported by channel pattern or by tenant. */
const BY_CHANNEL_OR_TENANT = ['published', 'delivered', 'tenantPublished', 'tenantDelivered'] as const;

/** The other counters. `Counters` has a field with the name of each: a number, or a number for each value of the attribute. */
type PlainCounter = Exclude<
  { [N in MetricName]: (typeof METRICS)[N]['kind'] extends 'counter' ? N : never }[MetricName],
  (typeof BY_CHANNEL_OR_TENANT)[number]
>;
type PlainCounters = {
  readonly [N in PlainCounter]: (typeof METRICS)[N] extends { readonly attributes: object } ? CounterMap : number;
};

const PLAIN_COUNTERS = (Object.keys(METRICS) as MetricName[]).filter(
  (name): name is PlainCounter =>
    METRICS[name].kind === 'counter' && !(BY_CHANNEL_OR_TENANT as readonly string[]).includes(name),
);

const TENANT = 'realtime.tenant';
const POLICY_OUTCOME = 'realtime.policy.outcome';
const COMMAND = 'realtime.command.name';
const CALL_OUTCOME = 'realtime.call.outcome';
const STATE_OUTCOME = 'realtime.state.outcome';
const STREAM_OUTCOME = 'realtime.stream.outcome';

/**
 * A value that a histogram does not count. Recording it once exports the histogram with the count 0. So dashboards are
 * not empty before the first event, and the first event shows in a rate.
 */
const NOTHING = NaN;

/** Sampling interval of the event loop delay, in milliseconds. */
const LOOP_RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;

/**
 * Reports the module's metrics to OpenTelemetry, to the `MeterProvider` that is global when modules are initialised.
 * Without one nothing is registered or measured. Counters are read at collection; only durations and sizes are recorded
 * as they happen, once for each event or batch.
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
  private call!: Histogram;
  private stateLoad!: Histogram;
  private streamCancel!: Histogram;
  private forget: (() => void) | null = null;

  constructor(
    private readonly counters: Counters,
    private readonly registry: ConnectionRegistry,
    private readonly catalogue: ChannelCatalogue,
    private readonly bridge: RedisBridge,
    private readonly server: RealtimeServer,
    private readonly options: ResolvedRealtimeOptions,
    private readonly live: LiveResources,
    private readonly streams: RealtimeStreams,
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
    this.call = histogram(meter, METRICS.call);
    this.stateLoad = histogram(meter, METRICS.stateLoad);
    this.streamCancel = histogram(meter, METRICS.streamCancel);
    const { batchSize, delivery, publish, call, stateLoad, streamCancel } = this;
    for (const empty of [batchSize, delivery, publish, call, stateLoad, streamCancel]) empty.record(NOTHING);
    for (const outcome of ['allowed', 'refused']) this.policy.record(NOTHING, { [POLICY_OUTCOME]: outcome });
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
    // Clocks of instances differ slightly; a delivery time is never negative.
    this.delivery.record(Math.max(0, Date.now() - oldestAt) / 1_000);
  }

  replayed(topic: string, events: number): void {
    this.deliveredBy.add(this.catalogue.patternOf(channelOf(topic)), events);
  }

  policyAnswered(pattern: string, outcome: string, seconds: number): void {
    this.policy.record(seconds, { [CHANNEL_PATTERN]: pattern, [POLICY_OUTCOME]: outcome });
  }

  called(command: string, outcome: string, seconds: number): void {
    this.call.record(seconds, { [COMMAND]: command, [CALL_OUTCOME]: outcome });
  }

  stateLoaded(pattern: string, outcome: string, seconds: number): void {
    this.stateLoad.record(seconds, { [CHANNEL_PATTERN]: pattern, [STATE_OUTCOME]: outcome });
  }

  streamCancelled(outcome: string, seconds: number): void {
    this.streamCancel.record(seconds, { [STREAM_OUTCOME]: outcome });
  }

  private observe(result: BatchObservableResult, to: Observables): void {
    const report: Report = (metric, value, attributes = {}) => result.observe(to[metric]!, value, attributes);
    const reportAll: ReportAll = (metric, attribute, counts) => {
      const all = [...counts];
      // Without a label the metric is exported as 0, so that dashboards have a value.
      if (all.length === 0) report(metric, 0);
      for (const [label, count] of all) report(metric, count, { [attribute]: label });
    };
    const counters: PlainCounters = this.counters;
    for (const name of PLAIN_COUNTERS) {
      const value = counters[name];
      const { attributes }: MetricDefinition = METRICS[name];
      if (typeof value === 'number') report(name, value);
      else reportAll(name, attributes![0]!, value);
    }
    report('framesSent', this.counters.delivered, { 'realtime.frame.type': 'event' });
    reportAll('published', CHANNEL_PATTERN, this.publishedBy);
    reportAll('delivered', CHANNEL_PATTERN, this.deliveredBy);
    this.observeChannels(report);
    this.observeStates(report, reportAll);
    report('brokerUp', this.bridge.status.up ? 1 : 0);
    const { queuedEvents, queuedBytes, selfPingAgeMs } = this.bridge.brokerHealth;
    report('queuedEvents', queuedEvents);
    report('queuedBytes', queuedBytes);
    if (selfPingAgeMs !== null) report('selfPingAge', selfPingAgeMs / 1_000);
    report('draining', this.server.draining ? 1 : 0);
    this.observeConnections(report);
    if (this.options.tenants.metrics) this.observeTenants(report);
    this.observeLoop(report);
  }

  private observeConnections(report: Report): void {
    const counts = new Map<string, Record<'authenticated' | 'anonymous' | 'pending', number>>();
    const statesOf = (kind: string) => {
      const states = counts.get(kind) ?? { authenticated: 0, anonymous: 0, pending: 0 };
      counts.set(kind, states);
      return states;
    };
    for (const kind of ['websocket', 'stream']) statesOf(kind);
    let buffered = 0;
    let most = 0;
    for (const { principal, awaitsAuth, sendBuffer, transport } of this.registry.all()) {
      statesOf(transport.kind)[
        limitedUserOf(principal) !== null ? 'authenticated' : awaitsAuth ? 'pending' : 'anonymous'
      ] += 1;
      buffered += sendBuffer.bufferedBytes;
      most = Math.max(most, sendBuffer.bufferedBytes);
    }
    for (const [kind, states] of counts) {
      for (const [state, count] of Object.entries(states)) {
        report('connections', count, { 'realtime.auth.state': state, 'realtime.transport': kind });
      }
    }
    report('buffered', buffered);
    report('bufferedMost', most);
  }

  private observeChannels(report: Report): void {
    const subscriptions = new CounterMap(this.patterns);
    let channels = 0;
    for (const topic of this.registry.topics()) {
      channels += 1;
      subscriptions.add(this.catalogue.patternOf(channelOf(topic)), this.registry.subscribersOf(topic).size);
    }
    report('channels', channels);
    for (const [pattern, count] of subscriptions) report('subscriptions', count, { [CHANNEL_PATTERN]: pattern });
  }

  private observeStates(report: Report, reportAll: ReportAll): void {
    const { cache } = this.live.states;
    report('statesKept', cache.size);
    report('stateBytesKept', cache.bytes);
    const { activity, unstoredBytes } = this.streams;
    const [written, readBy] = [new CounterMap(activity.patterns), new CounterMap(activity.patterns)];
    for (const { topic, writer, readers } of this.streams.here()) {
      const pattern = this.catalogue.patternOf(channelOf(topic));
      written.add(pattern, writer === null ? 0 : 1);
      readBy.add(pattern, readers);
    }
    reportAll('streams', CHANNEL_PATTERN, written);
    reportAll('streamReaders', CHANNEL_PATTERN, readBy);
    report('streamBytesUnstored', unstoredBytes);
  }

  private observeTenants(report: Report): void {
    for (const [tenant, { connections, subscriptions }] of this.registry.tenants()) {
      report('tenantConnections', connections.size, { [TENANT]: tenant });
      report('tenantSubscriptions', subscriptions, { [TENANT]: tenant });
    }
    for (const [tenant, { published, delivered }] of this.counters.byTenant) {
      report('tenantPublished', published, { [TENANT]: tenant });
      report('tenantDelivered', delivered, { [TENANT]: tenant });
    }
  }

  private observeLoop(report: Report): void {
    const { loop } = this;
    if (loop === null) return;
    report('eventLoopP50', loop.percentile(50) / NANOSECONDS);
    report('eventLoopP99', loop.percentile(99) / NANOSECONDS);
    report('eventLoopMax', loop.max / NANOSECONDS);
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
