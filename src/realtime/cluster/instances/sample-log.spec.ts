import { jest } from '@jest/globals';
import type { ConnectionRegistry } from '../../connections/connection-registry.js';
import { Counters } from '../../observability/counters.js';
import type { ResolvedRealtimeOptions } from '../../options/realtime-options.js';
import { InstanceHealth } from './instance-health.js';
import { MAX_SAMPLES, SAMPLE_MS, SampleLog, untilNext } from './sample-log.js';

const NOW = Date.UTC(2026, 0, 1) + 1_234;

describe('the log of samples', () => {
  let counters: Counters;
  let health: InstanceHealth;
  let log: SampleLog;

  function start(operatorApi: boolean): void {
    counters = new Counters();
    const registry = { size: 7 } as ConnectionRegistry;
    health = new InstanceHealth(registry, counters);
    log = new SampleLog(registry, counters, health, { operatorApi } as ResolvedRealtimeOptions);
    log.onApplicationBootstrap();
  }

  beforeEach(() => {
    jest.useFakeTimers({ now: NOW });
  });
  afterEach(() => {
    log.onApplicationShutdown();
    health.onApplicationShutdown();
    jest.useRealTimers();
  });

  it('samples at the start, and then at multiples of the interval', () => {
    start(true);
    counters.published = 3;
    counters.measurements?.batch('apps:created', 1, 1, Date.now() - 20);
    jest.advanceTimersByTime(2 * SAMPLE_MS);
    const times = [NOW, NOW - 1_234 + SAMPLE_MS, NOW - 1_234 + 2 * SAMPLE_MS];
    expect(log.all.map(({ at }) => at)).toEqual(times);
    expect(log.all[0]).toMatchObject({ connections: 7, published: 0, deliveryP99Ms: null });
    expect(log.all[1]).toMatchObject({ connections: 7, published: 3 });
    expect(log.all[1]?.deliveryP99Ms).toBeGreaterThanOrEqual(20);
  });

  it('keeps the samples of five minutes', () => {
    start(true);
    jest.advanceTimersByTime((MAX_SAMPLES + 10) * SAMPLE_MS);
    expect(log.all).toHaveLength(MAX_SAMPLES);
    expect(log.all.at(-1)?.at).toBe(NOW - 1_234 + (MAX_SAMPLES + 10) * SAMPLE_MS);
  });

  it('samples nothing without the operator API, and nothing after the shutdown', () => {
    start(false);
    jest.advanceTimersByTime(2 * SAMPLE_MS);
    expect(log.all).toEqual([]);
    start(true);
    log.onApplicationShutdown();
    jest.advanceTimersByTime(2 * SAMPLE_MS);
    expect(log.all).toHaveLength(1);
  });
});

it('does not sample twice if a timer fires a moment too early', () => {
  expect([0, 1, SAMPLE_MS - 1, SAMPLE_MS - 2_400].map(untilNext)).toEqual([
    ...[SAMPLE_MS, SAMPLE_MS - 1, SAMPLE_MS + 1, SAMPLE_MS + 2_400],
  ]);
});
