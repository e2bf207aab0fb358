import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { IncomingMessage } from 'node:http';
import { ConflictException } from '@nestjs/common';
import { Command, EventsPublisher, RealtimeCommands } from '../../src/realtime/index.js';
import { RealtimeApp } from '../realtime/support/realtime-app.js';
import { signToken } from '../support/jwt.js';

const TRACE = '1234567890abcdef1234567890abcdef';
const CALLER = 'fedcba0987654321';

@RealtimeCommands()
class TracedCommands {
  constructor(private readonly events: EventsPublisher) {}

  @Command('apps.create')
  async create(): Promise<void> {
    await this.events.emit('apps:created', { id: '1', name: 'shop' });
  }

  @Command('apps.rename')
  rename(): void {
    throw new ConflictException();
  }
}

/** Acts like @opentelemetry/instrumentation-http: the caller's span is active during the request. */
function traceRequests(request: IncomingMessage, _response: unknown, next: () => void): void {
  context.with(propagation.extract(context.active(), request.headers), next);
}

describe('the trace of a call', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let app: RealtimeApp;

  beforeAll(async () => {
    provider.register();
    const prepare = (nest: RealtimeApp['app']): void => void nest.use(traceRequests);
    app = await RealtimeApp.start({}, { providers: [TracedCommands], prepare });
  });
  beforeEach(() => exporter.reset());
  afterAll(async () => {
    await app.close();
    await provider.shutdown();
    for (const api of [trace, context, propagation]) api.disable();
  });

  const named = (name: string): ReadableSpan => exporter.getFinishedSpans().find((span) => span.name.startsWith(name))!;

  it('has a span for each call, with the events that it emits as children', async () => {
    const client = await app.connectAs({ sub: 'ann' });
    await client.ask({ type: 'call', name: 'apps.create', callId: 'c1', data: 'a secret' });
    const [call, emit] = [named('call'), named('emit')];
    expect(call).toMatchObject({
      name: 'call apps.create',
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
    });
    // Neither the caller nor the input is part of a span.
    expect(call.attributes).toEqual({ 'rpc.system': 'nestjs-realtime', 'rpc.method': 'apps.create' });
    expect(emit.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    await client.close();
  });

  it('has the error code of a call that failed', async () => {
    const client = await app.connectAs({ sub: 'ann' });
    await client.ask({ type: 'call', name: 'apps.rename', callId: 'c2' });
    expect(named('call')).toMatchObject({
      ...{ attributes: { 'error.type': 'conflict' }, status: { code: SpanStatusCode.ERROR } },
    });
    await client.close();
  });

  it('continues the trace of an HTTP request', async () => {
    const response = await fetch(`${app.http}/realtime/commands/apps.create`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', authorization: `Bearer ${signToken({ sub: 'ann' })}` },
        traceparent: `00-${TRACE}-${CALLER}-01`,
      },
      body: '{}',
    });
    expect(response.status).toBe(200);
    expect([named('call'), named('emit')].map((span) => span.spanContext().traceId)).toEqual([TRACE, TRACE]);
    expect(named('call').parentSpanContext?.spanId).toBe(CALLER);
  });
});
