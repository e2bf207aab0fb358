import { MAX_PAGE } from '../../../src/realtime/http/inspection/paging.js';

/** Strings that break careless code. */
const STRINGS = ['x', 'ä"\n\u2028 \\', '__proto__', 'constructor', 'toString', ' ', '\u0000', '\ud800', '$&'] as const;
const LONG = 'l"ö\n'.repeat(250);
const MOST = Number.MAX_SAFE_INTEGER;
const LAST_DATE = 8.64e15;
const SKETCH = 'A'.repeat(8_192);

const stats = (count: number): object => ({
  ...{ connections: count, anonymous: count, users: count, channels: count, subscriptions: count },
  ...{ published: count, delivered: count, slowConsumersClosed: count, uptimeMs: count },
});
const health = (count: number, deliveryMs: object | null): object => ({
  ...{ draining: count === 0, deliveryMs, eventLoopDelayMs: count, bufferedBytes: count },
  ...{ host: '', closed: [], errors: [{ label: 'forbidden', count }] },
  ...{ startedAt: -LAST_DATE, seenAt: LAST_DATE },
});
const sample = (count: number, deliveryP99Ms: number | null): object => ({
  ...{ at: LAST_DATE, connections: count, published: count, delivered: count, deliveryP99Ms },
});
const topics = ['apps:created', 'acme/user:ä', '%20/x'].map((topic) => ({ topic, subscribers: MOST }));
const TENANT_REPORTS = [
  { stats: stats(0), users: '', topicNames: '', topics: [] },
  { stats: stats(MOST), users: SKETCH, topicNames: SKETCH, topics },
];
const HEALTH = [health(0, null), health(MOST, { p50: 0.001, p99: Number.MAX_VALUE })];
const INSTANCE_REPORTS = TENANT_REPORTS.map((report, index) => ({ ...report, health: HEALTH[index] }));

const row = (id: string): object => ({
  ...{
    id,
    userId: id,
    role: null,
    tenant: null,
    address: '::1',
    transport: 'stream',
    connectedAt: 0.5,
    subscriptions: 0,
  },
  ...{ bufferedBytes: MOST, sessionId: id, expiresAt: LAST_DATE },
});
const ANONYMOUS_ROW = {
  ...{ id: 'c', userId: null, role: null, tenant: null, address: '', transport: '', connectedAt: 0, subscriptions: 1 },
  ...{ bufferedBytes: 0, sessionId: null, expiresAt: null },
};

const REVOCATIONS = [
  { kind: 'session', id: 'jti x', until: Infinity },
  { kind: 'session', id: LONG, until: 0 },
  { kind: 'user', id: '__proto__', before: MOST, until: -Infinity },
  { kind: 'user', id: 'u', before: -1.5, until: Number.MAX_VALUE },
  { kind: 'all', before: 0, until: Infinity },
];
const COMMANDS = [
  ...STRINGS.flatMap((text) => [
    { do: 'disconnect_user', userKey: text, by: text },
    { do: 'disconnect_session', jti: text },
    { do: 'reauthorize_user', userKey: text },
  ]),
  { do: 'disconnect_connection', connectionId: LONG, by: '' },
  { do: 'revoke_connection', connectionId: 'c' },
  { do: 'load_revocations' },
  { do: 'restore_revocations' },
  ...REVOCATIONS.map((revocation) => ({ do: 'revoke', revocation, by: 'ann' })),
];
const MEMBER_DATA: readonly unknown[] = [
  { info: null, state: { json: 'false', at: -1 } },
  { info: { json: `"${'x'.repeat(1_022)}"`, at: 0 }, state: { json: '{"cursor":[1,2]}', at: 1.7e12 } },
];
const LABEL_COUNTS = [[], STRINGS.map((label) => ({ label, count: MOST }))];
const ask = (about: string, query: unknown): object => ({ about, query });

/** Sample values for every schema of data that instances and stores exchange, by the name of its constant. */
export const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  revocationSchema: REVOCATIONS,
  commandSchema: COMMANDS,
  guestSchema: [
    { name: 'n', channels: [], homeTenant: null, issuedAt: 0, expiresAt: 1.5 },
    { name: LONG.slice(0, 200), channels: [...STRINGS], homeTenant: '__proto__', issuedAt: -1, expiresAt: 8.64e15 },
  ],
  holderSchema: [-Infinity, 0, 1.5, Infinity].map((time) => ({
    ...{ userId: LONG, email: null, roles: [...STRINGS], homeTenant: '__proto__', jti: 'j', session: 's' },
    ...{ claimsDigest: '', issuedAt: time, expiresAt: time },
  })),
  hintSchema: [
    { channels: [] },
    { channels: STRINGS.concat(Array.from({ length: 400 }, () => 'apps:created') as never) },
  ],
  memberDataSchema: MEMBER_DATA,
  presenceFieldSchema: [
    ...STRINGS.map((userId) => ({ instance: 'n', userId, count: 1_000_000_000, data: null })),
    ...MEMBER_DATA.map((data) => ({ instance: 'n', userId: '', count: 0, data })),
  ],
  sketchSchema: ['', SKETCH],
  topicSchema: ['apps:created', 'a%2Fb/user:1'],
  instanceStatsSchema: [stats(0), stats(MOST)],
  healthSchema: HEALTH,
  tenantReportSchema: TENANT_REPORTS,
  instanceReportSchema: INSTANCE_REPORTS,
  samplesSchema: [[], [sample(0, null), sample(MOST, 0.1)]],
  querySchema: [
    ask('report', null),
    ask('samples', null),
    ...STRINGS.flatMap((text) => [ask('tenant', text), ask('connection', text)]),
    ask('connections', { sort: 'userId', order: 'asc', most: 0 }),
    ask('connections', {
      ...{ user: LONG, userKey: '', channel: '__proto__', address: '', session: 's', tenant: 't', search: LONG },
      ...{ sort: 'bufferedBytes', order: 'desc', most: MAX_PAGE + 1, after: { key: -1.5, id: '' } },
    }),
    ask('channels', { most: 5 }),
    ask('channels', { most: 5, search: LONG, after: 'a' }),
    ask('live', { most: 5 }),
    ask('streams', { most: 5, search: LONG, after: 'a' }),
  ],
  connectionsAnswerSchema: [
    { rows: [], total: 0 },
    { rows: [ANONYMOUS_ROW, ...STRINGS.map(row)], total: MOST },
  ],
  connectionAnswerSchema: [
    null,
    { ...row(LONG), channels: [...STRINGS], userAgent: null },
    { ...ANONYMOUS_ROW, channels: [], userAgent: LONG },
  ],
  channelsAnswerSchema: [
    { rows: [], names: '' },
    { rows: topics, names: SKETCH },
  ],
  topicQuerySchema: [{ most: 0 }, { most: 1_000, search: LONG, after: '__proto__' }],
  labelCountsSchema: [LABEL_COUNTS[0], LABEL_COUNTS[1]],
  liveAnswerSchema: [
    { resources: [], page: { rows: [], names: '' } },
    {
      resources: LABEL_COUNTS.map((outcomes, index) => ({
        ...{ pattern: STRINGS[index], states: MOST, stateBytes: MOST, sent: 0, sentBytes: 0 },
        ...{ outcomes, recentMs: MOST, recent: [{ bucket: 0, count: MOST }] },
      })),
      page: {
        rows: [
          { topic: 'apps:created', subscribers: 0, kept: null, lastLoad: null },
          {
            ...{ topic: 'acme/user:ä', subscribers: MOST },
            kept: { bytes: MOST, position: LONG, loadedAt: -LAST_DATE },
            lastLoad: { at: LAST_DATE, ms: 0.5, outcome: 'unavailable' },
          },
        ],
        names: SKETCH,
      },
    },
  ],
  streamsAnswerSchema: [
    { patterns: [], page: { rows: [], names: '' } },
    {
      patterns: LABEL_COUNTS.map((ended, index) => ({
        pattern: STRINGS[index],
        open: 0,
        readers: MOST,
        bytes: MOST,
        ended,
      })),
      page: {
        rows: [
          { topic: 'apps:created', state: 'open', length: MOST, start: null, readers: 0, writer: null },
          {
            ...{ topic: 'acme/user:ä', state: 'failed', length: 0, start: MOST, readers: MOST },
            writer: { openedAt: -LAST_DATE, writtenAt: LAST_DATE },
          },
        ],
        names: SKETCH,
      },
    },
  ],
  sentAnswerSchema: [null, 0, '', [], { rows: [] }].map((answer) => ({ id: 'i', from: 'n', answer })),
  eventBodySchema: [null, 0, '', STRINGS, { a: [{}] }].map((data) => ({
    ...{ channel: 'apps:created', data, timestamp: '2026-01-01T00:00:00.000Z' },
  })),
};
