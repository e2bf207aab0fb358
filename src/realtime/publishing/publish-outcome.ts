import type { Measurements } from '../observability/measurements.js';
import type { EmitSpan } from '../observability/tracing.js';
import { InvalidEventError, RealtimeUnavailableError, TenantBusyError } from './errors.js';

/** Returns the reason why an event was not published, as a label for the metrics. */
export function failureOf(error: unknown): string {
  if (error instanceof InvalidEventError) return error.code;
  if (error instanceof TenantBusyError) return 'tenant_busy';
  return error instanceof RealtimeUnavailableError ? error.code : 'internal';
}

/** Measures how long the broker takes to acknowledge an event, and ends its span. */
export async function observe<T>(
  published: Promise<T>,
  topic: string,
  measurements: Measurements | null,
  span: EmitSpan | null,
): Promise<T> {
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1_000;
  try {
    const result = await published;
    measurements?.published(topic, seconds(), null);
    span?.end();
    return result;
  } catch (error) {
    const code = error instanceof RealtimeUnavailableError ? error.code : 'internal';
    measurements?.published(topic, seconds(), code);
    span?.end(code);
    throw error;
  }
}

/** Returns a promise that need not be awaited, because its failure is logged already. */
export function ignorable<T>(result: Promise<T>): Promise<T> {
  result.catch(() => undefined);
  return result;
}
