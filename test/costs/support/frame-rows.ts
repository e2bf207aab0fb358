import { signToken } from '../../support/jwt.js';
import type { Budget } from './budget.js';

export type Frame = object | string | Buffer;

/** One kind of frame, with its budget. */
export interface FrameRow extends Budget {
  readonly name: string;
  /** The label of the metric `realtime.frames.received`, or the name of a control frame. */
  readonly type: string;
  /** @param units the size: channels, or hundreds of bytes @param index differs for each frame */
  readonly frames: (units: number, index: number) => readonly Frame[];
  /** Frames that are sent before the measurement. */
  readonly before?: (index: number) => readonly Frame[];
  readonly app?: 'main' | 'poor' | 'slow';
  /** @default 1 */
  readonly connections?: number;
  /** Number of times that `frames` is sent on each connection. @default 16 */
  readonly repeat?: number;
  /** Each frame gets one answer, so no ping is needed to find the end. */
  readonly answersEach?: boolean;
  /** Number of answers to the frames of `before`. @default one each */
  readonly answersBefore?: number;
  /** The limit recovers during the measurement, so only most frames are of this type. */
  readonly recovers?: boolean;
  readonly compression?: boolean;
}

/** The longest `ref` in JSON: each of its characters is escaped. */
const REF = '\ud800'.repeat(64);
const names = (units: number, index: number, prefix = 'rooms:') =>
  Array.from({ length: units }, (_, number) => `${prefix}${index}-${number}`);
const shortNames = (units: number) => Array.from({ length: units }, (_, number) => number.toString(36));
const padding = (units: number) => 'x'.repeat(100 * units);
const subscribe = (channels: readonly unknown[], ref?: string) => ({ type: 'subscribe', channels, ref });
const presences = (units: number, index: number) =>
  names(units, index, 'lobby:').map((channel) => ({ channel, presence: true }));
const user = (index: number) => signToken({ sub: `member ${index}`, role: 'admin' });

const NOTHING = [0, 0] as const;
const ONE_ANSWER = { out: [1_200, 0], cpu: [6_000, 1], memory: NOTHING, keys: 0 } as const;

/** A frame that counts as 500 frames for the rate limit of a connection. */
const FRAME_OF_500 = { type: 'unsubscribe', channels: names(5_000, 0, 'x:') };

/** SECURITY.md has these rows. */
export const FRAME_ROWS: readonly FrameRow[] = [
  {
    name: '`subscribe`: new names, a `ref` of 384 bytes',
    type: 'subscribe',
    frames: (units, index) => [subscribe(names(units, index), REF)],
    repeat: 4,
    out: [1_000, 40],
    cpu: [6_000, 200],
    memory: [0, 200],
    keys: 0,
  },
  {
    name: '`subscribe`: unknown names, a `ref` of 384 bytes',
    type: 'subscribe',
    frames: (units) => [subscribe(shortNames(units), REF)],
    out: [1_000, 80],
    cpu: [6_000, 60],
    memory: NOTHING,
    keys: 0,
  },
  {
    name: '`subscribe` with `presence`, 160 channels at most, a `ref` of 384 bytes',
    type: 'subscribe',
    frames: (units, index) => [subscribe(presences(units, index), REF)],
    repeat: 2,
    out: [1_000, 20],
    cpu: [6_000, 200],
    memory: [0, 250],
    keys: 160,
  },
  {
    name: '`subscribe`: one name again and again',
    type: 'subscribe',
    frames: (units) => [subscribe(names(units, 0).map(() => 'rooms:1'))],
    ...ONE_ANSWER,
  },
  {
    name: '`subscribe`: one wildcard again and again',
    type: 'subscribe',
    frames: (units) => [subscribe(names(units, 0).map(() => 'apps:*'))],
    ...ONE_ANSWER,
  },
  {
    name: '`subscribe`: malformed targets',
    type: 'bad',
    frames: (units) => [subscribe(names(units, 0).map(() => 0))],
    ...ONE_ANSWER,
  },
  {
    name: '`subscribe`: more names than are allowed',
    type: 'bad',
    frames: (units, index) => [subscribe(names(15 * units, index))],
    ...ONE_ANSWER,
  },
  {
    name: '`unsubscribe`: names without a subscription, a `ref` of 384 bytes',
    type: 'unsubscribe',
    frames: (units) => [{ type: 'unsubscribe', channels: shortNames(units), ref: REF }],
    out: [1_000, 80],
    cpu: [6_000, 50],
    memory: NOTHING,
    keys: 0,
  },
  {
    name: '`subscribe`, and `unsubscribe` from all of it, a `ref` of 384 bytes',
    type: 'unsubscribe',
    frames: (units, index) => {
      const channels = names(units, index);
      return [subscribe(channels, REF), { type: 'unsubscribe', channels, ref: REF }];
    },
    repeat: 4, // the server keeps a channel for two seconds after its last subscriber has left
    out: [1_000, 40],
    cpu: [6_000, 200],
    memory: [0, 200],
    keys: 0,
  },
  { name: '`ping`', type: 'ping', frames: (units) => [{ type: 'ping', padding: padding(units) }], ...ONE_ANSWER },
  {
    name: '`ping` with deep JSON',
    type: 'ping',
    frames: (units) => [`{"type":"ping","x":${'['.repeat(50 * units)}${']'.repeat(50 * units)}}`],
    ...ONE_ANSWER,
  },
  {
    name: '`ping`: one key again and again',
    type: 'ping',
    frames: (units) => [`{${'"type":"ping",'.repeat(7 * units)}"x":1}`],
    ...ONE_ANSWER,
  },
  {
    name: '`list_channels`',
    type: 'list_channels',
    frames: (units) => [{ type: 'list_channels', padding: padding(units) }],
    ...ONE_ANSWER,
  },
  {
    name: '`stats` of an administrator',
    type: 'stats',
    frames: (units) => [{ type: 'stats', padding: padding(units) }],
    ...ONE_ANSWER,
  },
  {
    name: '`auth`: a good token',
    type: 'auth',
    frames: (units, index) => [{ type: 'auth', token: user(index), padding: padding(units) }],
    connections: 8,
    repeat: 3,
    ...ONE_ANSWER,
  },
  {
    name: '`auth`: a bad token',
    type: 'auth',
    frames: (units) => [{ type: 'auth', token: padding(units) }],
    connections: 24,
    repeat: 1,
    ...ONE_ANSWER,
  },
  {
    name: '`presence` of a channel without members',
    type: 'presence',
    frames: (units) => [{ type: 'presence', channel: 'lobby:none', padding: padding(units) }],
    ...ONE_ANSWER,
  },
  {
    name: '`presence_update` with a state of 1,000 bytes',
    type: 'presence_update',
    before: (index) => [subscribe([`lobby:state${index}`])],
    frames: (units, index) => [
      {
        ...{ type: 'presence_update', channel: `lobby:state${index}`, padding: padding(units) },
        state: 'x'.repeat(1_000),
      },
    ],
    ...ONE_ANSWER,
    keys: 1,
  },
  {
    name: '`history` of a channel without events',
    type: 'history',
    frames: (units) => [{ type: 'history', channel: 'rooms:none', padding: padding(units) }],
    ...ONE_ANSWER,
  },
  {
    name: '`occupancy` of a channel without subscriptions',
    type: 'occupancy',
    frames: (units) => [{ type: 'occupancy', channel: 'lobby:none', padding: padding(units) }],
    ...ONE_ANSWER,
  },
  {
    name: '`call` of a command that reads',
    type: 'call',
    frames: (units, index) => [{ type: 'call', name: 'read', callId: `read-${index}`, data: padding(units) }],
    out: [300, 1.1],
    cpu: [6_000, 1],
    memory: NOTHING,
    keys: 0,
  },
  {
    name: '`call` of a command, once',
    type: 'call',
    frames: (units, index) => [{ type: 'call', name: 'echo', callId: `echo-${index}`, data: padding(units) }],
    out: [300, 1.1],
    cpu: [10_000, 2],
    memory: [45_000, 1],
    keys: 2,
  },
  {
    name: '`cancel` of no call',
    type: 'cancel',
    frames: (units) => [{ type: 'cancel', callId: 'none', padding: padding(units) }],
    ...ONE_ANSWER,
  },
  {
    name: '`stream_cancel` of a channel that is not a stream',
    type: 'stream_cancel',
    frames: (units) => [{ type: 'stream_cancel', channel: 'announcements', padding: padding(units) }],
    ...ONE_ANSWER,
  },
  {
    name: 'an application message that is sent back',
    type: 'application',
    frames: (units) => [{ type: 'respond', data: padding(units) }],
    out: [200, 1.1],
    cpu: [6_000, 1],
    memory: NOTHING,
    keys: 0,
  },
  { name: 'no JSON', type: 'bad', frames: (units) => [padding(units)], ...ONE_ANSWER },
  { name: 'an unknown type', type: 'bad', frames: (units) => [{ type: padding(units) }], ...ONE_ANSWER },
  { name: 'a long `ref`', type: 'bad', frames: (units) => [{ type: 'ping', ref: padding(units) }], ...ONE_ANSWER },
  { name: 'a binary frame', type: 'bad', frames: (units) => [Buffer.alloc(100 * units)], ...ONE_ANSWER },
  {
    name: 'a frame over the budget of its client',
    type: 'rate_limited',
    app: 'poor',
    before: () => Array.from({ length: 30 }, () => ({ type: 'ping', padding: 'x'.repeat(60_000) })),
    frames: (units) => [{ type: 'ping', padding: padding(units) }],
    recovers: true,
    ...ONE_ANSWER,
  },
  {
    name: 'a frame over the rate of its connection',
    type: 'rate_limited',
    app: 'slow',
    // Each name gets an answer. After that, the client is over its budget, and such a frame gets one answer for minutes.
    before: () => [FRAME_OF_500],
    answersBefore: 5_000,
    frames: (units, index) => {
      const ping = { type: 'ping', padding: padding(units) };
      return index === units * 1_000 ? [FRAME_OF_500, ping] : [ping];
    },
    answersEach: true,
    ...ONE_ANSWER,
  },
  {
    name: 'a compressed frame of 60 KB',
    type: 'ping',
    frames: (units) => [{ type: 'ping', padding: padding(units).repeat(4).slice(0, 60_000) }],
    compression: true,
    out: [1_200, 0],
    cpu: [10_000, 1],
    memory: NOTHING,
    keys: 0,
  },
];

/** Control frames of WebSocket. They have no type, and count as frames. */
export const CONTROL_ROWS: readonly (Budget & { readonly name: 'a ping of WebSocket' | 'a pong of WebSocket' })[] = [
  { name: 'a ping of WebSocket', out: [2, 1], cpu: [300, 2], memory: NOTHING, keys: 0 },
  { name: 'a pong of WebSocket', out: [0, 0], cpu: [300, 2], memory: NOTHING, keys: 0 },
];
