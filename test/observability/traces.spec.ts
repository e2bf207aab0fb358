import { Body, Controller, Inject, Post } from '@nestjs/common';
import { context, propagation, SpanKind, trace, type Context } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { IncomingMessage } from 'node:http';
import { EventsPublisher, RedisBridge } from '../../src/realtime/index.js';
import { RedisProcess } from '../support/redis-process.js';
import { until } from '../support/until.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';

@Controller('apps')
class AppsController {
  constructor(@Inject(EventsPublisher) private readonly events: EventsPublisher) {}

  @Post()
  async create(@Body() { names }: { names: string[] }): Promise<object[]> {
    return Promise.all(names.map((name) => this.events.emit('apps:created', { id: name, name })));
  }
}

/** Acts like @opentelemetry/instrumentation-http: the span is a child of the caller's, and active during the request. */
function traceRequests(request: IncomingMessage, response: NodeJS.EventEmitter, next: () => void): void {
  const parent: Context = propagation.extract(context.active(), request.headers);
  const span = trace.getTracer('http').startSpan(request.method!, { kind: SpanKind.SERVER }, parent);
  response.on('finish', () => span.end());
  context.with(trace.setSpan(parent, span), next);
}

describe('the trace of an HTTP request', () => {
  const exporter = new InMemorySpanExporter();
  // New traces are not sampled; an incoming one follows the decision of its caller.
  const sampler = new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0) });
  const provider = new NodeTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let redis: RedisProcess;
  let here: RealtimeApp;
  let there: RealtimeApp;

  beforeAll(async () => {
    provider.register(); // with Node's context manager and W3C propagation
    redis = await RedisProcess.start();
    const options = { redis: { url: redis.url } };
    const prepare = (app: RealtimeApp['app']): void => void app.use(traceRequests);
    here = await RealtimeApp.start(options, { controllers: [AppsController], prepare });
    there = await RealtimeApp.start(options);
    await until(() => [here, there].every(({ app }) => app.get(RedisBridge).status.up));
  });
  beforeEach(() => exporter.reset());
  afterAll(async () => {
    await here?.close();
    await there?.close();
    await redis?.stop();
    await provider.shutdown();
    for (const api of [trace, context, propagation]) api.disable();
  });

  const post = (names: string[], headers: Record<string, string>): Promise<Response> =>
    fetch(`${here.http}/apps`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ names }),
    });
  const named = (name: string): ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => span.name.startsWith(name));
  const idOf = (span: ReadableSpan | undefined): string => span!.spanContext().spanId;

  it('continues through emit and Redis to each delivering instance', async () => {
    const near = await here.connectAs({ sub: 'near' });
    const far = [await there.connectAs({ sub: 'far' }), await there.connectAs({ sub: 'further' })];
    for (const client of [near, ...far]) await client.ask({ type: 'subscribe', channel: 'apps:created' });
    const traceId = '1234567890abcdef1234567890abcdef';
    const caller = 'fedcba0987654321';
    const answer = await post(['shop'], { traceparent: `00-${traceId}-${caller}-01` });
    expect(answer.status).toBe(201);
    const frames = await Promise.all([near, ...far].map((client) => client.next('event')));
    await until(() => named('deliver').length === 2 && named('POST').length === 1);

    expect(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).toEqual(Array(4).fill(traceId));
    const [request, emit] = [named('POST')[0], named('emit')[0]];
    expect(request?.parentSpanContext?.spanId).toBe(caller);
    expect(emit).toMatchObject({ name: 'emit apps:*', kind: SpanKind.PRODUCER });
    expect(emit?.parentSpanContext?.spanId).toBe(idOf(request));
    expect(emit?.attributes).toMatchObject({
      'messaging.destination.name': 'apps:created',
      'messaging.destination.template': 'apps:*',
    });
    // A span contains neither the caller nor the data of the event.
    const said = new Set([emit, ...named('deliver')].flatMap((span) => Object.keys(span!.attributes)));
    expect([...said].toSorted()).toEqual([
      'messaging.batch.message_count',
      'messaging.destination.name',
      'messaging.destination.template',
      'messaging.operation.name',
      'messaging.operation.type',
      'messaging.system',
      'realtime.deliveries',
    ]);
    // One span for the batch of each instance, for any number of subscribers.
    const deliveries = named('deliver');
    expect(deliveries.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([idOf(emit), idOf(emit)]);
    const writes = deliveries.map(({ attributes }) => attributes['realtime.deliveries'] as number);
    expect(writes.toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(deliveries[0]?.kind).toBe(SpanKind.CONSUMER);
    // Clients receive no trace data.
    for (const frame of frames) {
      expect(Object.keys(frame).toSorted()).toEqual(['channel', 'data', 'id', 'timestamp', 'type']);
      expect(JSON.stringify(frame)).not.toContain(traceId);
    }
    await Promise.all([near, ...far].map((client) => client.close()));
  });

  it('has one span for a batch, with links to the other events in it', async () => {
    const far = await there.connectAs({ sub: 'far' });
    await far.ask({ type: 'subscribe', channel: 'apps:created' });
    await post(['a', 'b', 'c'], { traceparent: `00-${'2'.repeat(32)}-${'3'.repeat(16)}-01` });
    for (let count = 0; count < 3; count += 1) await far.next('event');
    const counted = (): number =>
      named('deliver').reduce((sum, { attributes }) => sum + Number(attributes['messaging.batch.message_count']), 0);
    await until(() => counted() === 3);
    const deliveries = named('deliver');
    const reached = deliveries.flatMap(({ parentSpanContext, links }) => [
      parentSpanContext!.spanId,
      ...links.map((link) => link.context.spanId),
    ]);
    expect(reached.toSorted()).toEqual(named('emit').map(idOf).toSorted());
    expect(deliveries.length).toBeLessThan(3); // events written together on one instance arrive together
    await far.close();
  });

  it('leaves no spans if it is not sampled', async () => {
    const far = await there.connectAs({ sub: 'far' });
    await far.ask({ type: 'subscribe', channel: 'apps:created' });
    await post(['quiet'], { traceparent: `00-${'4'.repeat(32)}-${'5'.repeat(16)}-00` });
    await post(['new'], {});
    await far.next('event');
    await far.next('event');
    await far.fence();
    expect(exporter.getFinishedSpans()).toEqual([]);
    await far.close();
  });

  it('shows a failed emit', async () => {
    await redis.kill();
    await until(() => !here.app.get(RedisBridge).status.up);
    const parent = { traceId: '6'.repeat(32), spanId: '7'.repeat(16), traceFlags: 1, isRemote: true };
    const emitted = context.with(trace.setSpanContext(context.active(), parent), () =>
      here.events.emit('apps:created', { id: 'x', name: 'x' }, { timeoutMs: 300 }),
    );
    await expect(emitted).rejects.toThrow('in time');
    expect(named('emit')[0]).toMatchObject({ attributes: { 'error.type': 'unavailable' }, status: { code: 2 } });
  });
});
