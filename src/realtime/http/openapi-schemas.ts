/** The responses of the routes, as OpenAPI 3.0 schemas. */

type Schema = Readonly<Record<string, unknown>>;

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const dateTime = { type: 'string', format: 'date-time' } as const;
const whole = { type: 'integer', minimum: 0 } as const;
const bool = { type: 'boolean' } as const;
const orNull = (schema: Schema): Schema => ({ ...schema, nullable: true });
const list = (items: Schema): Schema => ({ type: 'array', items });

/** Creates an object schema. Every property is required unless it is listed in `optional`. */
function record(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}

const unanswered = { ...texts, description: 'Instances that did not answer in time; their data is missing' };

const confirmed = { ...texts, description: 'Instances that ran the command' };
const missing = { ...texts, description: 'Instances that did not confirm; they run the command when it reaches them' };

const page = (name: string, row: Schema): Schema =>
  record({ [name]: list(row), total: whole, next: orNull(text), unanswered });

const counts = (...names: string[]): Record<string, Schema> => Object.fromEntries(names.map((name) => [name, whole]));

const CONNECTION = {
  ...{ id: text, instanceId: text, userId: orNull(text), role: orNull(text), tenant: text, address: text },
  ...{ connectedAt: dateTime, subscriptions: whole, bufferedBytes: whole, sessionId: orNull(text) },
  expiresAt: orNull(dateTime),
};

const CHANNEL = { channel: text, tenant: text, pattern: text, subscribers: whole, instances: whole };

const codeCounts = list(record({ code: text, count: whole }));

const INSTANCE = {
  ...{ instanceId: text, host: text, draining: bool },
  ...counts('connections', 'users', 'subscriptions', 'channels', 'eventsPublished', 'eventsDelivered'),
  ...{ slowConsumersClosed: whole, closedConnections: codeCounts, errorFrames: codeCounts },
  deliveryMs: orNull(record({ p50: { type: 'number' }, p99: { type: 'number' } })),
  ...counts('eventLoopDelayMs', 'bufferedBytes'),
  ...{ startedAt: dateTime, seenAt: dateTime },
};

const SAMPLE = {
  at: dateTime,
  ...counts('connections', 'eventsPublished', 'eventsDelivered'),
  deliveryP99Ms: orNull({ type: 'number' }),
};

const CLUSTER = counts(
  ...['connections', 'anonymous', 'users', 'channels', 'subscriptions', 'published', 'delivered'],
  ...['slowConsumersClosed', 'uptimeMs', 'instances'],
);

const EVENT_TO_PUBLISH = record({ channel: text, data: {}, idempotencyKey: text, tenant: text }, [
  ...['idempotencyKey', 'tenant'],
]);

const EMITTED = record({ id: text, channel: text, timestamp: dateTime }, ['id']);

const oneOrMany = (schema: Schema): Schema => ({ oneOf: [schema, list(schema)] });

export const SCHEMAS = {
  stats: record({ cluster: record(CLUSTER), instances: list(record(INSTANCE)), unanswered }),
  statsHistory: record({ instances: list(record({ instanceId: text, samples: list(record(SAMPLE)) })), unanswered }),
  whoami: record({
    ...{ userId: text, email: orNull(text), role: text, expiresAt: orNull(dateTime), instanceId: text, host: text },
  }),
  connections: page('connections', record(CONNECTION, ['tenant'])),
  connection: record({ ...CONNECTION, channels: texts, userAgent: text }, ['tenant', 'userAgent']),
  channels: page('channels', record(CHANNEL, ['tenant'])),
  history: record({
    ...{ channel: text, epoch: orNull(text) },
    events: list(record({ type: text, id: text, channel: text, data: {}, timestamp: dateTime }, ['id'])),
  }),
  explanation: record({
    ...{ channel: text, allowed: bool, rule: orNull(text), policy: orNull(text), reason: orNull(text) },
    ...{ groups: list(text), fields: list(text) },
  }),
  asyncApi: { type: 'object' },
  disconnected: record({ disconnected: whole, confirmed, missing }),
  reauthorized: record({ reauthorized: whole, confirmed, missing }),
  eventsToPublish: oneOrMany(EVENT_TO_PUBLISH),
  emitted: oneOrMany(EMITTED),
  ticket: record({ ticket: text, expiresAt: dateTime }),
};
