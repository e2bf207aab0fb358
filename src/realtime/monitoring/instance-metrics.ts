import type { MetricDefinition } from './metric-definition.js';

/** Metrics of the health of an instance: its connection to the backend, and its event loop. */
export const INSTANCE_METRICS = {
  brokerUp: {
    name: 'realtime.broker.up',
    kind: 'gauge',
    unit: '1',
    description: '1 while events can be published and received, 0 while Redis is unavailable',
  },
  selfPingAge: {
    name: 'realtime.broker.self_ping.age',
    kind: 'gauge',
    unit: 's',
    description:
      'Time since this instance last received its own pub/sub self-ping (sent every 5 s); absent without Redis',
  },
  draining: {
    name: 'realtime.draining',
    kind: 'gauge',
    unit: '1',
    description: '1 while this instance drains, else 0',
  },
  eventLoopP50: {
    name: 'nodejs.eventloop.delay.p50',
    kind: 'gauge',
    unit: 's',
    description: 'Median delay of the event loop since the last reading',
  },
  eventLoopP99: {
    name: 'nodejs.eventloop.delay.p99',
    kind: 'gauge',
    unit: 's',
    description: '99th percentile of the delay of the event loop since the last reading',
  },
  eventLoopMax: {
    name: 'nodejs.eventloop.delay.max',
    kind: 'gauge',
    unit: 's',
    description: 'Longest delay of the event loop since the last reading',
  },
} as const satisfies Record<string, MetricDefinition>;
