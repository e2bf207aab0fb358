import {
  anything,
  bool,
  counts,
  dateTime,
  decimal,
  described,
  list,
  object,
  oneOrMany,
  orNull,
  record,
  text,
  whole,
  type Described,
} from './shape.js';

// The answers of the module's REST routes. OpenAPI documents and the types of the server and the console follow from them.

const unanswered = described(list(text), 'Instances that did not answer in time; their data is missing');
const confirmed = described(list(text), 'Instances that ran the command');
const missing = described(list(text), 'Instances that did not confirm; they run the command when it reaches them');

/** A call of a command, and its answer. `data` is any JSON. */
export const callShape = record({}, { callId: text, data: anything });
export const callResultShape = record(
  { callId: text, data: anything },
  { effects: list(record({ channel: text }, { id: text })) },
);
export type CallResultDto = Described<typeof callResultShape>;

/** One page of a list. `next` is the `cursor` of the next page; `null` on the last one. */
const paging = { total: whole, next: orNull(text), unanswered };

const CONNECTION = {
  ...{ id: text, instanceId: text, userId: orNull(text), role: orNull(text), address: text },
  transport: described(text, '`websocket`, `stream`, or the name of another transport'),
  ...{ connectedAt: dateTime, subscriptions: whole, bufferedBytes: whole, sessionId: orNull(text) },
  expiresAt: orNull(dateTime),
};
/** Absent without the option `tenants`, and for a global channel. */
const TENANT = { tenant: text };
const GUEST = { guest: described(text, 'Name of the share link, for a guest; it has no user id and no role') };
const LIMIT = {
  limitedTo: described(list(text), 'Channels to which the token or ticket is limited; absent without a limit'),
};

export const connectionShape = record(CONNECTION, { ...TENANT, ...GUEST });
export const connectionDetailsShape = record(
  { ...CONNECTION, channels: list(text) },
  { ...TENANT, ...GUEST, ...LIMIT, userAgent: text },
);
export const connectionsShape = record({ connections: list(connectionShape), ...paging });

export const channelShape = record(
  { channel: text, pattern: described(text, 'Label of the channel in metrics'), subscribers: whole, instances: whole },
  TENANT,
);
export const channelsShape = record({ channels: list(channelShape), ...paging });

/** Number of closed connections by close code, or of `error` frames by code. */
const codeCounts = list(record({ code: text, count: whole }));

/** Operations by outcome since the instances started, and the rate and durations of the last one to two minutes. */
const OUTCOMES = {
  outcomes: codeCounts,
  perSecond: described(decimal, 'Those per second that ended in the last one to two minutes'),
  durationMs: described(
    orNull(record({ p50: decimal, p99: decimal })),
    'Their durations, exact to 9 %; null without any',
  ),
};

/** Calls of one command on all instances. */
export const commandShape = record({
  command: text,
  once: described(bool, 'The command runs at most once for the id of a call'),
  anonymous: described(bool, 'Clients without a token can call it'),
  instances: described(whole, 'Instances that have the command'),
  running: whole,
  calls: described(whole, 'Calls that ended since the instances started'),
  repeated: described(whole, 'Repetitions among them, which got the outcome of an earlier call'),
  ...OUTCOMES,
  outcomes: described(codeCounts, 'These calls by outcome: `succeeded`, or the error code'),
});
export const commandsShape = record({ commands: list(commandShape), unanswered });

/** A live resource on all instances. */
export const liveResourceShape = record({
  pattern: text,
  loads: described(whole, 'Loads that ended since the instances started'),
  ...OUTCOMES,
  states: described(whole, 'States in the memory of instances; a state that two keep counts twice'),
  stateBytes: described(whole, 'Their bytes as JSON'),
  sent: described(whole, 'Whole states that clients received since the instances started'),
  sentBytes: whole,
});

/** A channel with a state. */
export const liveChannelShape = record(
  {
    ...{ channel: text, pattern: text, subscribers: whole },
    instances: described(whole, 'Instances that have subscribers, or the state in memory'),
    bytes: described(orNull(whole), 'Size of the state as JSON; null if it is in the memory of no instance'),
    position: described(orNull(text), 'Position of this state in the channel'),
    loadedAt: described(orNull(dateTime), 'Time of its load; later patches are applied over it'),
    lastLoad: described(
      orNull(record({ at: dateTime, durationMs: decimal, outcome: text })),
      'The last load on an instance: `loaded`, `unavailable` or `too_large`; null if it is not known',
    ),
  },
  TENANT,
);
export const liveShape = record({ resources: list(liveResourceShape), channels: list(liveChannelShape), ...paging });

/** Streams of one pattern. */
export const streamPatternShape = record({
  pattern: text,
  open: described(whole, 'Streams that are being written'),
  readers: whole,
  bytes: described(whole, 'Bytes that were written since the instances started'),
  ended: described(list(record({ state: text, count: whole })), 'Streams that ended since then, by state'),
});

/** A stream that is being written, or that has readers. */
export const streamShape = record(
  {
    ...{ channel: text, pattern: text },
    state: described(text, '`open`, `done`, `failed`, `cancelled`, or `none` if it was not opened yet'),
    bytes: described(whole, 'Length'),
    start: described(
      orNull(whole),
      'First byte that is kept; null if it is not known, because the stream has no reader',
    ),
    readers: whole,
    writer: described(
      orNull(record({ instanceId: text, openedAt: dateTime, writtenAt: dateTime })),
      'The instance that writes it, and the times of `open` and of the last part; null if it is not being written',
    ),
  },
  TENANT,
);
export const streamsShape = record({ patterns: list(streamPatternShape), streams: list(streamShape), ...paging });

/** The channel of an action. */
export const channelActionShape = record({ channel: text }, TENANT);

/** One instance. Counters start at zero when the instance starts. */
export const instanceShape = record({
  ...{ instanceId: text, host: text, draining: bool },
  ...counts('connections', 'users', 'subscriptions', 'channels', 'eventsPublished', 'eventsDelivered'),
  ...{ slowConsumersClosed: whole, closedConnections: codeCounts, errorFrames: codeCounts },
  deliveryMs: orNull(record({ p50: decimal, p99: decimal })),
  ...{ eventLoopDelayMs: decimal, bufferedBytes: whole, startedAt: dateTime, seenAt: dateTime },
});

export const statsShape = record({
  cluster: record(
    counts(
      ...(['connections', 'anonymous', 'users', 'channels', 'subscriptions', 'published', 'delivered'] as const),
      ...(['slowConsumersClosed', 'uptimeMs', 'instances'] as const),
    ),
  ),
  instances: list(instanceShape),
  unanswered,
});

/** Metrics of an instance at one time, for charts. */
export const sampleShape = record({
  at: dateTime,
  ...counts('connections', 'eventsPublished', 'eventsDelivered'),
  deliveryP99Ms: orNull(decimal),
});
export const statsHistoryShape = record({
  instances: list(record({ instanceId: text, samples: list(sampleShape) })),
  unanswered,
});

/** The operator who asks, and the instance that answers. */
export const operatorShape = record({
  ...{ userId: text, email: orNull(text), role: text, expiresAt: orNull(dateTime), instanceId: text, host: text },
});

/** One event, as clients receive it. */
const EVENT = record({ type: text, channel: text, data: anything, timestamp: dateTime }, { id: text });

export const historyShape = record({
  ...{ channel: text, epoch: orNull(text) },
  events: list(EVENT),
  more: described(bool, 'Older events are kept: ask again with the id of the first event as `before`'),
});

export const eventPageShape = record(
  {
    ...{ channel: text, events: list(EVENT) },
    more: described(bool, 'More events are kept: ask again with `before`, or with `after` if the request had it'),
  },
  {
    lastEventId: described(text, 'Send it as `after` with the next request; absent with `before`'),
    recovered: described(bool, 'With `after`: false if an event was missed, which `reason` explains'),
    reason: described(text, 'Why there are no events, such as `unknown_epoch` or `no_history`'),
  },
);

export const explanationShape = record({
  ...{ channel: text, allowed: bool },
  rule: described(orNull(text), 'The pattern of the rule that the channel matches; null if no rule matches'),
  policy: described(orNull(text), 'Class name of the policy that decided; null if the rule decided without a policy'),
  reason: described(orNull(text), 'Reason for a refusal, as a sentence, or the reason that a policy gave'),
  groups: described(list(text), 'Field groups that the policy grants in addition to those of the role'),
  fields: described(list(text), 'Fields that the policy grants by name'),
});

const done = <Name extends string>(name: Name) => record({ ...counts(name), confirmed, missing });

/** `disconnected` counts the closed connections on the instances that confirmed. */
export const disconnectedShape = done('disconnected');
export const reauthorizedShape = done('reauthorized');
/** `subscribed` and `unsubscribed` count connections. */
export const unsubscribedShape = done('unsubscribed');
export const subscribedShape = record({
  ...{ ...counts('subscribed'), confirmed, missing },
  refusals: described(list(record({ connectionId: text, code: text })), 'Connections that were not subscribed'),
  stored: described(bool, 'Later connections of the user are subscribed, too'),
});

export const asyncApiShape = object;
export const ticketShape = record({ ticket: text, expiresAt: dateTime });
export const emittedShape = oneOrMany(record({ channel: text, timestamp: dateTime }, { id: text }));
export const eventsToPublishShape = oneOrMany(
  record(
    { data: anything },
    {
      channel: described(text, 'The channel; not with channels'),
      channels: described(list(text), 'Several channels: the event is published to all of them, or to none'),
      idempotencyKey: text,
      tenant: text,
      except: described(text, 'Id of a connection that does not receive the event: the tab of the sender'),
      conflate: described(text, 'Key of the event: slow clients receive only the newest event of each key'),
    },
  ),
);

export type ConnectionDto = Described<typeof connectionShape>;
export type ConnectionDetailsDto = Described<typeof connectionDetailsShape>;
export type ConnectionsDto = Described<typeof connectionsShape>;
export type ChannelDto = Described<typeof channelShape>;
export type CommandDto = Described<typeof commandShape>;
export type CommandsDto = Described<typeof commandsShape>;
export type LiveResourceDto = Described<typeof liveResourceShape>;
export type LiveChannelDto = Described<typeof liveChannelShape>;
export type LiveDto = Described<typeof liveShape>;
export type StreamPatternDto = Described<typeof streamPatternShape>;
export type StreamDto = Described<typeof streamShape>;
export type StreamsDto = Described<typeof streamsShape>;
export type ChannelAction = Described<typeof channelActionShape>;
export type ChannelsDto = Described<typeof channelsShape>;
export type InstanceDto = Described<typeof instanceShape>;
export type StatsDto = Described<typeof statsShape>;
export type SampleDto = Described<typeof sampleShape>;
export type StatsHistoryDto = Described<typeof statsHistoryShape>;
export type OperatorDto = Described<typeof operatorShape>;
export type HistoryDto = Described<typeof historyShape>;
export type EventPageDto = Described<typeof eventPageShape>;
export type Explanation = Described<typeof explanationShape>;
export type Disconnected = Described<typeof disconnectedShape>;
export type Reauthorized = Described<typeof reauthorizedShape>;
export type Subscribed = Described<typeof subscribedShape>;
export type Unsubscribed = Described<typeof unsubscribedShape>;
