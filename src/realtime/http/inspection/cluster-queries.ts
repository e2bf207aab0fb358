import { MAX_COMMAND_LENGTH } from '../../../protocol/index.js';
import { MAX_LIMIT_ENTRIES } from '../../auth/channel-limit.js';
import type { CommandReport } from '../../commands/command-statistics.js';
import type { QuestionKind } from '../../cluster/cluster-bus.js';
import type { InstanceReport, Sample, TenantReport } from '../../cluster/instances/instance-report.js';
import { instanceReportSchema, samplesSchema, tenantReportSchema } from '../../cluster/instances/report-schemas.js';
import {
  boolean,
  integer,
  list,
  timestamp,
  nothing,
  nullable,
  oneOf,
  record,
  string,
  stringOrNumber,
  tagged,
  type Schema,
} from '../../schemas/schema.js';
import { channelsAnswerSchema, type ChannelRow } from './channel-rows.js';
import {
  CONNECTION_SORTS,
  type ConnectionDetails,
  type ConnectionQuery,
  type ConnectionRow,
  type RowCursor,
} from './connection-rows.js';
import { liveAnswerSchema, type LiveAnswer } from './live-rows.js';
import { outcomeFields } from './outcome-schema.js';
import { SORT_ORDERS, type Page } from './paging.js';
import { streamsAnswerSchema, type StreamsAnswer } from './stream-rows.js';
import { MAX_ROWS, topicQuerySchema, type TopicAnswer, type TopicQuery } from './topic-pages.js';

/** Queries that an instance sends to all instances, with their answers. */
export interface ClusterQueries {
  readonly report: { readonly query: null; readonly answer: InstanceReport };
  readonly samples: { readonly query: null; readonly answer: readonly Sample[] };
  readonly tenant: { readonly query: string; readonly answer: TenantReport };
  readonly connections: { readonly query: ConnectionQuery; readonly answer: Page<ConnectionRow> };
  readonly connection: { readonly query: string; readonly answer: ConnectionDetails | null };
  readonly channels: { readonly query: TopicQuery; readonly answer: TopicAnswer<ChannelRow> };
  readonly commands: { readonly query: null; readonly answer: readonly CommandReport[] };
  readonly live: { readonly query: TopicQuery; readonly answer: LiveAnswer };
  readonly streams: { readonly query: TopicQuery; readonly answer: StreamsAnswer };
}

export type QueryName = keyof ClusterQueries;

/** A query with its name. */
export type NamedQuery = {
  readonly [T in QueryName]: { readonly about: T; readonly query: ClusterQueries[T]['query'] };
}[QueryName];

/** Upper bound for the commands of an application. */
const MAX_COMMANDS = 10_000;
/** Upper bound for the channels of one connection. */
const MAX_CHANNELS = 100_000;

const count = integer();
const text = string({ max: 8_192 });
const most = integer(0, MAX_ROWS);

const connectionQuery = record<ConnectionQuery>(
  {
    ...{ user: text, userKey: text, channel: text, address: text, session: text, tenant: text, search: text },
    sort: oneOf(CONNECTION_SORTS),
    order: oneOf(SORT_ORDERS),
    most,
    after: record<RowCursor>({ key: stringOrNumber, id: text }),
  },
  ['user', 'userKey', 'channel', 'address', 'session', 'tenant', 'search', 'after'],
);

function queryRecord<Query>(query: Schema<Query>): Schema<{ query: Query }> {
  return record<{ query: unknown }>({ query }) as Schema<{ query: Query }>;
}

export const querySchema: Schema<NamedQuery> = tagged<'about', NamedQuery>('about', {
  report: queryRecord(nothing),
  samples: queryRecord(nothing),
  tenant: queryRecord(text),
  connections: queryRecord(connectionQuery),
  connection: queryRecord(text),
  channels: queryRecord(topicQuerySchema),
  commands: queryRecord(nothing),
  live: queryRecord(topicQuerySchema),
  streams: queryRecord(topicQuerySchema),
});

const row = {
  id: text,
  userId: nullable(text),
  role: nullable(text),
  tenant: nullable(text),
  address: text,
  transport: text,
  connectedAt: timestamp,
  subscriptions: count,
  bufferedBytes: count,
  sessionId: nullable(text),
  expiresAt: nullable(timestamp),
  guest: text,
};
const limitedTo = list(text, MAX_LIMIT_ENTRIES);

export const connectionsAnswerSchema: Schema<Page<ConnectionRow>> = record<Page<ConnectionRow>>({
  rows: list(record<ConnectionRow>(row, ['guest']), MAX_ROWS),
  total: count,
});

export const connectionAnswerSchema: Schema<ConnectionDetails | null> = nullable(
  record<ConnectionDetails>({ ...row, channels: list(text, MAX_CHANNELS), userAgent: nullable(text), limitedTo }, [
    'guest',
    'limitedTo',
  ]),
);

const commandsAnswerSchema: Schema<readonly CommandReport[]> = list(
  record<CommandReport>({
    ...{
      command: string({ max: MAX_COMMAND_LENGTH }),
      once: boolean,
      anonymous: boolean,
      running: count,
      repeated: count,
    },
    ...outcomeFields,
  }),
  MAX_COMMANDS,
);

/** Answer schemas by query. */
export const ANSWERS: { readonly [T in QueryName]: Schema<ClusterQueries[T]['answer']> } = {
  report: instanceReportSchema,
  samples: samplesSchema,
  tenant: tenantReportSchema,
  connections: connectionsAnswerSchema,
  connection: connectionAnswerSchema,
  channels: channelsAnswerSchema,
  commands: commandsAnswerSchema,
  live: liveAnswerSchema,
  streams: streamsAnswerSchema,
};

/** Queries to all instances. */
export const QUERIES: QuestionKind<NamedQuery, unknown> = {
  topic: '$ask',
  message: querySchema,
  answerTo: ({ about }) => ANSWERS[about],
};
