import type { UpgradeProblem } from '../../../src/realtime/gateway/upgrade-problem.js';
import { signToken } from '../../support/jwt.js';
import type { UpgradeRequest } from '../../support/tcp.js';
import type { Budget } from './budget.js';

/** One outcome of a handshake, with its budget. */
export interface HandshakeRow extends Budget {
  readonly name: string;
  /** The label of the metric `realtime.handshakes`; `null` if the module does not count the request as a handshake. */
  readonly outcome: string | null;
  readonly status: string;
  readonly app?: string;
  /** @param index differs for each handshake */
  readonly request: (index: number) => UpgradeRequest;
  /** The client disconnects when it has received this. */
  readonly wanted?: string;
  /** The connections stay open while memory is measured. */
  readonly staysOpen?: boolean;
  /** The event loop of the server is blocked before each batch. */
  readonly blocked?: boolean;
  /** The limit recovers during the measurement, so only most handshakes have this outcome. */
  readonly recovers?: boolean;
  /** Handshakes of one measurement. @default 30 */
  readonly count?: number;
  /** Handshakes at a time. @default 10 */
  readonly portion?: number;
}

const bearer = (token: string): UpgradeRequest => ({ headers: { Authorization: `Bearer ${token}` } });
const signed = (sub: string): UpgradeRequest => bearer(signToken({ sub }));

/** The request for a stream: without the headers of an upgrade. */
function streamOf(sub: string): UpgradeRequest {
  const none = { Upgrade: undefined, Connection: undefined, 'Sec-WebSocket-Key': undefined };
  return { path: '/realtime/stream', headers: { ...none, ...signed(sub).headers } };
}

const CONNECTED = '"connected"';
const ERROR = '"error"';
const OVER_HTTP = { out: [350, 0], cpu: [6_000, 1], memory: [0, 0], keys: 0 } as const;
const OVER_WEBSOCKET = { out: [500, 0], cpu: [8_000, 1], memory: [0, 0], keys: 0 } as const;
const ACCEPTED = { out: [1_000, 0], cpu: [8_000, 1], memory: [0, 0], keys: 0 } as const;

/** Requests that are not handshakes. A new status without a row does not compile. */
const PROBLEMS: Readonly<Record<UpgradeProblem['status'], Omit<HandshakeRow, 'status'>>> = {
  '400 Bad Request': {
    name: 'no `Sec-WebSocket-Key`',
    outcome: null,
    request: () => ({ headers: { 'Sec-WebSocket-Key': undefined } }),
    ...OVER_HTTP,
  },
  '426 Upgrade Required': {
    name: 'another version of WebSocket',
    outcome: null,
    request: () => ({ headers: { 'Sec-WebSocket-Version': '99' } }),
    ...OVER_HTTP,
  },
};

/** SECURITY.md has these rows. */
export const HANDSHAKE_ROWS: readonly HandshakeRow[] = [
  {
    name: 'accepted, without a token',
    outcome: 'accepted',
    status: '101',
    request: () => ({}),
    wanted: CONNECTED,
    ...ACCEPTED,
  },
  {
    name: 'accepted, with a token',
    outcome: 'accepted',
    status: '101',
    request: (index) => signed(`user ${index}`),
    wanted: CONNECTED,
    ...ACCEPTED,
  },
  {
    name: 'accepted, with a token, while it stays open',
    outcome: 'accepted',
    status: '101',
    request: (index) => signed(`user ${index}`),
    wanted: CONNECTED,
    staysOpen: true,
    ...ACCEPTED,
    memory: [20_000, 0],
  },
  {
    name: 'a stream (`GET /realtime/stream`), with a token, while it stays open',
    outcome: 'accepted',
    status: '200',
    request: (index) => streamOf(`streaming ${index}`),
    wanted: CONNECTED,
    staysOpen: true,
    ...ACCEPTED,
    out: [1_500, 0],
    memory: [40_000, 0],
  },
  {
    name: 'accepted, with 200 channels in the URL',
    outcome: 'accepted',
    status: '101',
    request: () => ({ path: `/ws?channels=${Array.from({ length: 200 }, (_, n) => n.toString(36)).join()}` }),
    wanted: `"${(199).toString(36)}"`,
    count: 10,
    out: [1_000, 40],
    cpu: [8_000, 25],
    memory: [0, 0],
    keys: 0,
  },
  {
    name: 'accepted, then `too_many_connections` of its user',
    outcome: 'accepted',
    status: '101',
    app: 'single user',
    request: () => signed('occupied'),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
  },
  {
    name: '`too_many_connections`: `maxConnections`',
    outcome: 'too_many_connections',
    status: '101',
    app: 'full',
    portion: 1, // TCP connections without a request beyond `maxConnections` are closed
    request: () => ({}),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
  },
  {
    name: '`too_many_connections`: `maxConnectionsPerAddress`',
    outcome: 'too_many_connections',
    status: '101',
    app: 'full address',
    count: 12, // three times this number is below the concurrent handshakes allowed for an address
    request: () => ({}),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
  },
  {
    name: '`token_invalid`: another one each time',
    outcome: 'token_invalid',
    status: '101',
    request: (index) => bearer(`bad ${index}`),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
    memory: [3_000, 0],
  },
  {
    name: '`token_invalid`: a ticket that does not exist',
    outcome: 'token_invalid',
    status: '101',
    request: (index) => ({ path: `/ws?ticket=${String(index).padEnd(43, 'x')}` }),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
    memory: [3_000, 0],
  },
  {
    name: '`token_expired`',
    outcome: 'token_expired',
    status: '101',
    request: (index) => bearer(signToken({ sub: `user ${index}`, exp: 1 })),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
    memory: [3_000, 0],
  },
  {
    name: '`token_repeated`',
    outcome: 'token_repeated',
    status: '401',
    request: () => bearer('bad'),
    wanted: ERROR, // until it is repeated
    ...OVER_HTTP,
  },
  {
    name: '`forbidden`: a tenant that cannot exist',
    outcome: 'forbidden',
    status: '101',
    app: 'impatient',
    request: () => ({ path: '/ws?tenant=a&tenant=b' }),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
  },
  {
    name: '`unavailable`: the keys of the issuer',
    outcome: 'unavailable',
    status: '101',
    app: 'keyless',
    request: (index) => bearer(RS256_TOKEN(index)),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
  },
  {
    name: '`internal`',
    outcome: 'internal',
    status: '101',
    request: () => ({ headers: { 'X-Fault': 'throws' } }),
    wanted: ERROR,
    ...OVER_WEBSOCKET,
  },
  {
    name: '`origin_refused`',
    outcome: 'origin_refused',
    status: '403',
    request: () => ({ headers: { Origin: 'https://evil.example' } }),
    ...OVER_HTTP,
  },
  {
    name: '`throttled`: `handshakesPerSecondPerUser`',
    outcome: 'throttled',
    status: '503',
    app: 'slow user',
    request: () => signed('loop'),
    recovers: true,
    wanted: CONNECTED,
    ...OVER_HTTP,
  },
  {
    name: '`throttled`: the rate of an address',
    outcome: 'throttled',
    status: '503',
    app: 'full address',
    request: () => ({}),
    recovers: true,
    count: 100,
    portion: 100, // faster than it recovers
    wanted: ERROR,
    ...OVER_HTTP,
  },
  {
    name: '`throttled`: `handshakesPerSecond`',
    outcome: 'throttled',
    status: '503',
    app: 'slow instance',
    request: () => ({}),
    recovers: true,
    wanted: CONNECTED,
    ...OVER_HTTP,
  },
  {
    name: '`overloaded`: `maxEventLoopDelayMs`',
    outcome: 'overloaded',
    status: '503',
    app: 'blocked',
    request: () => ({}),
    blocked: true,
    ...OVER_HTTP,
  },
  {
    name: '`timed_out`: `handshakeTimeoutMs`',
    outcome: 'timed_out',
    status: '503',
    app: 'impatient',
    request: () => ({ headers: { 'X-Fault': 'hangs' } }),
    ...OVER_HTTP,
  },
  {
    name: '`draining`',
    outcome: 'draining',
    status: '503',
    app: 'draining',
    request: () => ({}),
    ...OVER_HTTP,
  },
  ...Object.entries(PROBLEMS).map(([status, row]) => ({ ...row, status: status.slice(0, 3) })),
  {
    name: 'another path',
    outcome: null,
    status: '404',
    request: () => ({ path: '/elsewhere', headers: { Connection: 'Upgrade, close' } }),
    ...OVER_HTTP,
  },
];

/** A token that names a key of an issuer. Without keys, its signature is never checked. */
function RS256_TOKEN(index: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'key' })}.${part({ sub: `user ${index}`, exp: 4_000_000_000 })}.c2lnbmF0dXJl`;
}
