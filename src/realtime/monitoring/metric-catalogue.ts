import { INSTANCE_METRICS } from './instance-metrics.js';
import { CHANNEL_PATTERN, SECONDS, type MetricDefinition } from './metric-definition.js';
import { STATE_METRICS } from './state-metrics.js';

/**
 * All metrics of the module, named by the OpenTelemetry conventions. A test compares docs/operations.md with them.
 * Attribute values are bounded: they come from catalogues (codes, frame types, channel patterns), never from a client.
 */
export const METRICS = {
  connections: {
    name: 'realtime.connection.count',
    kind: 'upDown',
    unit: '{connection}',
    description: 'Open connections: authenticated, anonymous, or pending (a token is still awaited)',
    attributes: ['realtime.auth.state', 'realtime.transport'],
  },
  handshakes: {
    name: 'realtime.handshakes',
    kind: 'counter',
    unit: '{handshake}',
    description: 'Upgrades by outcome: accepted, the reason of an HTTP refusal, or the code of the error frame',
    attributes: ['realtime.handshake.outcome'],
  },
  closed: {
    name: 'realtime.connections.closed',
    kind: 'counter',
    unit: '{connection}',
    description: 'Closed connections, by close code',
    attributes: ['realtime.close.code'],
  },
  framesReceived: {
    name: 'realtime.frames.received',
    kind: 'counter',
    unit: '{frame}',
    description: 'Frames from clients by type; application (a custom type), bad, rate_limited',
    attributes: ['realtime.frame.type'],
  },
  framesSent: {
    name: 'realtime.frames.sent',
    kind: 'counter',
    unit: '{frame}',
    description: 'Frames to clients by type',
    attributes: ['realtime.frame.type'],
  },
  errorsSent: {
    name: 'realtime.errors.sent',
    kind: 'counter',
    unit: '{error}',
    description: 'Error frames to clients by code',
    attributes: ['error.type'],
  },
  subscriptions: {
    name: 'realtime.subscription.count',
    kind: 'upDown',
    unit: '{subscription}',
    description: 'Subscriptions by pattern of channels',
    attributes: [CHANNEL_PATTERN],
  },
  channels: {
    name: 'realtime.channel.count',
    kind: 'gauge',
    unit: '{channel}',
    description: 'Channels with a subscriber on this instance',
  },
  published: {
    name: 'realtime.events.published',
    kind: 'counter',
    unit: '{event}',
    description: 'Events that this instance published and that were acknowledged',
    attributes: [CHANNEL_PATTERN],
  },
  delivered: {
    name: 'realtime.events.delivered',
    kind: 'counter',
    unit: '{event}',
    description: 'Events written to connections on this instance, counted once per connection',
    attributes: [CHANNEL_PATTERN],
  },
  batchSize: {
    name: 'realtime.fan_out.batch.size',
    kind: 'histogram',
    unit: '{event}',
    description: 'Events of one channel in one write to each subscriber',
    boundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  },
  delivery: {
    name: 'realtime.delivery.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From emit on any instance to the write to the sockets: one value per batch, for its oldest event',
    boundaries: SECONDS,
  },
  publish: {
    name: 'realtime.publish.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From emit to its acknowledgement, or to its failure (error.type)',
    attributes: ['error.type'],
    boundaries: SECONDS,
  },
  queuedEvents: {
    name: 'realtime.publish.queue.count',
    kind: 'upDown',
    unit: '{event}',
    description: 'Events that wait for Redis to acknowledge them',
  },
  queuedBytes: {
    name: 'realtime.publish.queue.size',
    kind: 'upDown',
    unit: 'By',
    description: 'The bytes of these events',
  },
  gapsFound: {
    name: 'realtime.gaps.found',
    kind: 'counter',
    unit: '{gap}',
    description: 'Gaps that this instance detected',
  },
  gapsFilled: {
    name: 'realtime.gaps.filled',
    kind: 'counter',
    unit: '{gap}',
    description: 'Gaps that were filled completely from the history',
  },
  resyncs: {
    name: 'realtime.resyncs',
    kind: 'counter',
    unit: '{resync}',
    description: 'Resync frames sent to connected subscribers, by reason',
    attributes: ['realtime.recovery.reason'],
  },
  recoveries: {
    name: 'realtime.recoveries',
    kind: 'counter',
    unit: '{recovery}',
    description: 'Subscriptions that asked to resume: recovered, or the reason for a failure',
    attributes: ['realtime.recovery.outcome'],
  },
  slowConsumersClosed: {
    name: 'realtime.slow_consumers.closed',
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections closed because they read too slowly',
  },
  buffered: {
    name: 'realtime.send_buffer.size',
    kind: 'upDown',
    unit: 'By',
    description: 'Bytes waiting in all send buffers',
  },
  bufferedMost: {
    name: 'realtime.send_buffer.max',
    kind: 'gauge',
    unit: 'By',
    description: 'Bytes waiting in the fullest send buffer',
  },
  buffersOverflowed: {
    name: 'realtime.send_buffer.overflows',
    kind: 'counter',
    unit: '{overflow}',
    description:
      'Times that all send buffers together exceeded maxBufferedBytesTotal, so that the slowest connections were closed',
  },
  outboxSent: {
    name: 'realtime.outbox.sent',
    kind: 'counter',
    unit: '{event}',
    description: 'Events stored with a transaction that were sent here once it was committed (RealtimeOutboxModule)',
  },
  outboxSetAside: {
    name: 'realtime.outbox.set_aside',
    kind: 'counter',
    unit: '{event}',
    description: 'Events stored with a transaction that were set aside because they can never be published',
  },
  invalidEvents: {
    name: 'realtime.events.invalid',
    kind: 'counter',
    unit: '{event}',
    description: 'Events whose data does not match the class of their channel, by outcome',
    attributes: ['realtime.event.outcome'],
  },
  failedEvents: {
    name: 'realtime.events.failed',
    kind: 'counter',
    unit: '{event}',
    description:
      'Calls of emit that were rejected, awaited or not: invalid_event, unavailable, tenant_busy or internal',
    attributes: ['error.type'],
  },
  policy: {
    name: 'realtime.policy.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of channel policy calls, by channel pattern and outcome: allowed, refused, or the failure',
    attributes: [CHANNEL_PATTERN, 'realtime.policy.outcome'],
    boundaries: SECONDS,
  },
  policyFailures: {
    name: 'realtime.policy.failures',
    kind: 'counter',
    unit: '{failure}',
    description:
      'Channel policies that could not decide: they threw, timed_out, gave an invalid answer, or were not asked (overloaded)',
    attributes: ['error.type'],
  },
  call: {
    name: 'realtime.call.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of calls of commands, by command and outcome: succeeded, or the error code',
    attributes: ['realtime.command.name', 'realtime.call.outcome'],
    boundaries: SECONDS,
  },
  hookCalls: {
    name: 'realtime.hook.calls',
    kind: 'counter',
    unit: '{call}',
    description:
      'Calls of methods with @OnRealtime: succeeded, threw, timed_out (after 10 s), dropped (too many waited)',
    attributes: ['realtime.hook.outcome'],
  },
  foreignMessages: {
    name: 'realtime.broker.foreign_messages',
    kind: 'counter',
    unit: '{message}',
    description: "Messages and values in Redis under the module's prefix that no instance wrote",
  },
  tenantConnections: {
    name: 'realtime.tenant.connections',
    kind: 'upDown',
    unit: '{connection}',
    description: 'Open connections of each tenant (with the option tenants.metrics)',
    attributes: ['realtime.tenant'],
  },
  tenantSubscriptions: {
    name: 'realtime.tenant.subscriptions',
    kind: 'upDown',
    unit: '{subscription}',
    description: 'Subscriptions of each tenant, to global channels too (with tenants.metrics)',
    attributes: ['realtime.tenant'],
  },
  tenantPublished: {
    name: 'realtime.tenant.events.published',
    kind: 'counter',
    unit: '{event}',
    description: 'Events of each tenant that were acknowledged (with tenants.metrics)',
    attributes: ['realtime.tenant'],
  },
  tenantDelivered: {
    name: 'realtime.tenant.events.delivered',
    kind: 'counter',
    unit: '{event}',
    description: 'Events of each tenant that were written to a connection (with tenants.metrics)',
    attributes: ['realtime.tenant'],
  },
  ...STATE_METRICS,
  ...INSTANCE_METRICS,
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
