import { jest } from '@jest/globals';
import { offlineConnection } from '../../../../test/support/offline-connection.js';
import { ConnectionRegistry } from '../../connections/connection-registry.js';
import { Counters } from '../../observability/counters.js';
import { InstanceHealth } from './instance-health.js';

describe('InstanceHealth', () => {
  let counters: Counters;
  let registry: ConnectionRegistry;
  let health: InstanceHealth;

  beforeEach(() => {
    jest.useFakeTimers();
    counters = new Counters();
    registry = new ConnectionRegistry(counters);
    health = new InstanceHealth(registry, counters);
  });
  afterEach(() => {
    health.onApplicationShutdown();
    const left = jest.getTimerCount();
    jest.useRealTimers();
    if (left > 0) throw new Error(`${left} timers are left`);
  });

  const deliver = (ageMs: number): void => counters.measurements?.batch('a', 1, 1, Date.now() - ageMs);

  it('reports what this instance counts, and leaves counters at zero out', () => {
    counters.countClosed(1000);
    counters.countClosed(1000);
    counters.errorsSent.add('forbidden');
    const connection = offlineConnection();
    connection.transport.bufferedBytes = 7;
    const other = offlineConnection();
    other.transport.bufferedBytes = 5;
    for (const one of [connection, other]) registry.add(one);
    expect(health.report()).toEqual({
      draining: false,
      deliveryMs: null,
      eventLoopDelayMs: 0,
      bufferedBytes: 12,
      host: health.host,
      closed: [{ label: '1000', count: 2 }],
      errors: [{ label: 'forbidden', count: 1 }],
      startedAt: Math.round(performance.timeOrigin + counters.startedAt),
      seenAt: Date.now(),
    });
    health.draining = true;
    expect(health.report().draining).toBe(true);
  });

  it('measures deliveries while it is watched, for a minute after the last time', () => {
    deliver(10);
    expect(counters.measurements).toBeNull();
    health.watch();
    expect(health.deliveryMs).toBeNull();
    for (const ageMs of [20, 20, 20, -50]) deliver(ageMs);
    expect(health.deliveryMs?.p50).toBeGreaterThanOrEqual(20);
    jest.advanceTimersByTime(59_000);
    health.watch();
    jest.advanceTimersByTime(59_000);
    deliver(30);
    expect(health.deliveryMs?.p99).toBeGreaterThanOrEqual(30);
    jest.advanceTimersByTime(1_000);
    expect([health.deliveryMs, counters.measurements]).toEqual([null, null]);
  });

  it('starts from zero when it is watched again', () => {
    health.watch();
    deliver(500);
    jest.advanceTimersByTime(60_000);
    health.watch();
    expect(health.deliveryMs).toBeNull();
    deliver(5);
    expect(health.deliveryMs?.p99).toBeLessThan(500);
  });

  it('takes a delivery as instantaneous if the clock of the other instance is ahead', () => {
    health.watch();
    deliver(-1_000);
    expect(health.deliveryMs?.p99).toBeGreaterThanOrEqual(0);
    expect(health.deliveryMs?.p99).toBeLessThan(5);
  });

  it('measures the delay of the event loop only while it is watched', () => {
    health.watch();
    jest.setSystemTime(Date.now() + 5_000);
    expect(health.report().eventLoopDelayMs).toEqual(expect.any(Number));
    health.onApplicationShutdown();
    expect(health.report().eventLoopDelayMs).toBe(0);
  });
});
