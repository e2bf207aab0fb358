import {
  context,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Link,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { reportFailure } from './run-safely.js';

/** Maximum number of links of a delivery span. */
const MAX_LINKS = 64;

/** W3C trace context, version 00. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

const SCOPE = 'nestjs-realtime';

/** Returns the tracer of the current SDK, or `null`. The API's no-op tracer would take 0.9 µs per span. */
function tracerOfSdk(): Tracer | null {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider
    ? (provider.getDelegateTracer(SCOPE) ?? null)
    : provider.getTracer(SCOPE);
}

/** Runs code of the current SDK. Its samplers and processors belong to the application and must not make an event fail. */
function traced<T>(run: () => T | null): T | null {
  try {
    return run();
  } catch (error) {
    reportFailure('Tracing', error);
    return null;
  }
}

/** One `emit` in a trace. */
export interface EmitSpan {
  /** `traceparent` that is sent with the event, so that deliveries belong to the same trace. */
  readonly traceparent: string;
  /** @param error the error code if the emit failed */
  end(error?: string): void;
}

/** Starts the span of an `emit` as a child of the active span; `null` if the trace is not sampled or tracing is off. */
export function beginEmit(channel: string, pattern: string): EmitSpan | null {
  return traced(() => startEmit(channel, pattern));
}

/** One call of a command in a trace. */
export interface CallSpan {
  /** Runs code of the call: spans that it starts are children of this one. */
  run<T>(work: () => T): T;
  /** @param error the error code if the call failed */
  end(error?: string): void;
}

/** Starts the span of a call as a child of the active span; `null` if the trace is not sampled or tracing is off. */
export function beginCall(command: string): CallSpan | null {
  return traced(() => startCall(command));
}

function startCall(command: string): CallSpan | null {
  const tracer = tracerOfSdk();
  if (tracer === null) return null;
  const attributes = { 'rpc.system': SCOPE, 'rpc.method': command };
  const span = tracer.startSpan(`call ${command}`, { kind: SpanKind.SERVER, attributes }, context.active());
  if (!span.isRecording()) return null;
  return {
    run: (work) => context.with(trace.setSpan(context.active(), span), work),
    end: (error) => endSpan(span, error),
  };
}

function endSpan(span: Span, error: string | undefined): void {
  traced(() => {
    if (error !== undefined) fail(span, error);
    span.end();
    return null;
  });
}

function startEmit(channel: string, pattern: string): EmitSpan | null {
  const tracer = tracerOfSdk();
  if (tracer === null) return null;
  const attributes = { ...about(channel, 'send', 'emit'), 'messaging.destination.template': pattern };
  const span = tracer.startSpan(`emit ${pattern}`, { kind: SpanKind.PRODUCER, attributes }, context.active());
  if (!span.isRecording()) return null;
  const { traceId, spanId, traceFlags } = span.spanContext();
  if ((traceFlags & TraceFlags.SAMPLED) === 0) {
    span.end();
    return null;
  }
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    end: (error) => endSpan(span, error),
  };
}

/**
 * Starts the span of one batch to the subscribers of this instance. It is a child of the first traced event, with links
 * to the others. Call the result with the number of writes.
 * @param traceparents of the events that have one
 */
export function beginDelivery(
  channel: string,
  traceparents: readonly (string | undefined)[],
): ((deliveries: number) => void) | null {
  return traced(() => startDelivery(channel, traceparents));
}

function startDelivery(
  channel: string,
  traceparents: readonly (string | undefined)[],
): ((deliveries: number) => void) | null {
  const tracer = tracerOfSdk();
  if (tracer === null) return null;
  const parents = traceparents.flatMap((text) => parseTraceparent(text) ?? []);
  const [parent, ...others] = parents;
  if (parent === undefined) return null;
  const links: Link[] = others.slice(0, MAX_LINKS).map((spanContext) => ({ context: spanContext }));
  const attributes = {
    ...about(channel, 'process', 'deliver'),
    'messaging.batch.message_count': traceparents.length,
  };
  const options = { kind: SpanKind.CONSUMER, attributes, links };
  const span = tracer.startSpan('deliver', options, trace.setSpanContext(ROOT_CONTEXT, parent));
  return (deliveries) => {
    traced(() => {
      span.setAttribute('realtime.deliveries', deliveries);
      span.end();
      return null;
    });
  };
}

/** Parses a `traceparent`. @returns `null` if the string is not valid */
export function parseTraceparent(text: string | undefined): SpanContext | null {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? '') ?? [];
  if (traceId === undefined) return null;
  return { traceId, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
}

function about(channel: string, type: string, name: string): Attributes {
  return {
    'messaging.system': 'nestjs-realtime',
    'messaging.operation.type': type,
    'messaging.operation.name': name,
    'messaging.destination.name': channel,
  };
}

function fail(span: Span, code: string): void {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
