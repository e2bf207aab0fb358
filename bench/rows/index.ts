import { certificate } from '../certificate.js';
import { earlierRows } from './earlier.js';
import { callRows } from './calls.js';
import { handshakeRows } from './handshake.js';
import type { Context } from './context.js';
import { fanOutRows } from './fan-out.js';
import { httpPublishRows } from './http-publish.js';
import { idleRows } from './idle.js';
import { inboundRows } from './inbound.js';
import { ownChannelRows, sharedChannelRows } from './many-channels.js';
import { memoryRows } from './memory.js';
import { lastOfManyRows } from './last-of-many.js';
import { openLoopRows } from './open-loop.js';
import { pacedRows } from './paced.js';
import { redisEmitRows, redisLatencyRows } from './redis.js';
import { redisDistanceRows } from './redis-distance.js';
import { channelRows, instanceRows, subscriptionRows } from './flat.js';
import type { Row } from './row.js';
import { resumeRows } from './resume.js';
import { startRows } from './start.js';
import { streamRows } from './stream.js';
import { stormRows } from './storm.js';
import { verifiedHandshakeRows } from './verified-handshake.js';

type Measure = (context: Context) => Promise<Row[]>;

const many = ({ quick }: Context): number[] => (quick ? [100, 1_000] : [100, 1_000, 10_000]);
const thousand = (n: number): boolean => n === 1_000;

/** Groups of rows by the name for `--only`, in the order of the table. */
export const GROUPS: Readonly<Record<string, Measure>> = {
  'fan-out': (context) =>
    fanOutRows(context, {
      group: 'fan-out',
      what: 'fan-out, per delivery',
      subscribers: many(context),
      batches: [1, 10],
      peers: ['module', 'ws', 'socket.io'],
      targets: (n, b) =>
        thousand(n)
          ? [
              { kind: 'cheaper', than: 'ws', times: b === 1 ? 1.25 : 10 },
              { kind: 'cheaper', than: 'Socket.IO', times: b === 1 ? 1.5 : 9 },
            ]
          : [],
    }),
  tls: async (context) =>
    fanOutRows(context, {
      group: 'tls',
      what: 'fan-out over TLS, per delivery',
      subscribers: [1_000],
      batches: [1, 10],
      peers: ['module', 'ws'],
      settings: { tls: await certificate() },
      targets: (_n, b) => [{ kind: 'cheaper', than: 'ws', times: b === 1 ? 1.1 : 2.5 }],
    }),
  compression: (context) =>
    fanOutRows(context, {
      group: 'compression',
      what: 'fan-out of compressed events of 2,000 bytes, per delivery',
      subscribers: [1_000],
      batches: [1],
      peers: ['module', 'ws'],
      settings: { compression: true },
      bytes: 2_000,
      targets: () => [{ kind: 'cheaper', than: 'ws', times: 8 }],
    }),
  'shared-channels': sharedChannelRows,
  'own-channels': ownChannelRows,
  'open-loop': openLoopRows,
  'last-of-many': lastOfManyRows,
  handshake: handshakeRows,
  'verified-handshake': verifiedHandshakeRows,
  start: startRows,
  storm: stormRows,
  resume: resumeRows,
  earlier: earlierRows,
  idle: idleRows,
  paced: pacedRows,
  'http-publish': httpPublishRows,
  inbound: inboundRows,
  calls: callRows,
  memory: memoryRows,
  stream: streamRows,
  'redis-emit': redisEmitRows,
  'redis-latency': redisLatencyRows,
  'redis-distance': redisDistanceRows,
  channels: channelRows,
  subscriptions: subscriptionRows,
  instances: instanceRows,
};
