/** Client frames after validation, and their readers. */
import { isWildcard } from './channel-name.js';
import { isConnectionId, MAX_CONNECTION_ID_LENGTH } from './connection-id.js';
import type { FieldProblem, SubscribeTarget } from './frames.js';
import type { StreamCancelFrame } from './streams.js';
import { checkId, readCallId, readChannel, readCount, readTargets, type Fields } from './request-fields.js';

const NOT_A_CONNECTION = `must be the id of a connection: at most ${MAX_CONNECTION_ID_LENGTH} of A-Z a-z 0-9 _ -`;

/** Default of `limit`. */
export const HISTORY_LIMIT = 50;

/** Maximum size of a member's state, and of the info that a policy gives, in bytes of JSON. */
export const MAX_PRESENCE_BYTES = 1_024;

/** Maximum of `ageMs`; a larger number counts as this one. */
const MAX_AGE_MS = 86_400_000;

/** Maximum length of a command's name, in characters. */
export const MAX_COMMAND_LENGTH = 100;

/** Part of each request and of its answer. */
export interface Referable {
  readonly ref?: string;
}

/** A validated client frame. A single channel and a list of channels both become a list. */
export type ClientRequest =
  | ({
      readonly type: 'subscribe';
      readonly targets: readonly SubscribeTarget[];
      readonly connectionId?: string;
    } & Referable)
  | ({ readonly type: 'unsubscribe'; readonly channels: readonly string[] } & Referable)
  | ({ readonly type: 'ping' } & Referable)
  | ({ readonly type: 'list_channels' } & Referable)
  | ({ readonly type: 'stats' } & Referable)
  | ({ readonly type: 'auth'; readonly token: string } & Referable)
  | ({ readonly type: 'presence'; readonly channel: string } & Referable)
  | ({
      readonly type: 'history';
      readonly channel: string;
      readonly limit: number;
      readonly before?: string;
    } & Referable)
  | ({
      readonly type: 'presence_update';
      readonly channel: string;
      /** The state as JSON, without a needless space; `null` to remove it. */
      readonly state: string | null;
      readonly ageMs: number;
    } & Referable)
  | ({ readonly type: 'occupancy'; readonly channel: string; readonly watch?: boolean } & Referable)
  | ({ readonly type: 'call'; readonly name: string; readonly callId: string; readonly data: unknown } & Referable)
  | ({ readonly type: 'cancel'; readonly callId: string } & Referable)
  | (StreamCancelFrame & Referable);

/** Type of a request: `subscribe`, `ping` … */
export type RequestType = ClientRequest['type'];

type Reader = (fields: Fields, problems: FieldProblem[], maxTargets: number) => ClientRequest;

/** Reads the fields of each type of request, and adds a problem for each invalid field. */
export const READERS: { readonly [T in RequestType]: Reader } = {
  subscribe: (fields, problems, maxTargets) => {
    const { connectionId } = fields;
    const isId = isConnectionId(connectionId);
    if (!isId && connectionId !== undefined) problems.push({ field: 'connectionId', message: NOT_A_CONNECTION });
    return {
      type: 'subscribe',
      targets: readTargets(fields, problems, maxTargets),
      ...(isId ? { connectionId } : {}),
    };
  },
  unsubscribe: (fields, problems, maxTargets) => ({
    type: 'unsubscribe',
    channels: readTargets(fields, problems, maxTargets).map((target) => target.channel),
  }),
  ping: () => ({ type: 'ping' }),
  list_channels: () => ({ type: 'list_channels' }),
  stats: () => ({ type: 'stats' }),
  auth: (fields, problems) => {
    const { token } = fields;
    if (typeof token === 'string') return { type: 'auth', token };
    problems.push({ field: 'token', message: 'must be a string' });
    return { type: 'auth', token: '' };
  },
  presence: (fields, problems) => ({ type: 'presence', channel: readChannel(fields['channel'], 'channel', problems) }),
  history: (fields, problems) => {
    const channel = readChannel(fields['channel'], 'channel', problems);
    if (isWildcard(channel)) problems.push({ field: 'channel', message: 'must not be a wildcard: name one channel' });
    const { before, limit } = fields;
    checkId(before, 'before', problems);
    const most = readCount(limit, 'limit', problems);
    return {
      type: 'history',
      channel,
      limit: most ?? HISTORY_LIMIT,
      ...(before === undefined ? {} : { before: before as string }),
    };
  },
  presence_update: (fields, problems) => {
    const channel = readChannel(fields['channel'], 'channel', problems);
    if (isWildcard(channel)) problems.push({ field: 'channel', message: 'must not be a wildcard: name one channel' });
    const { state, ageMs = 0 } = fields;
    const json = state === undefined ? '' : JSON.stringify(state);
    if (state === undefined) problems.push({ field: 'state', message: 'must be any JSON; null removes the state' });
    else if (!isPresenceJson(json)) {
      problems.push({ field: 'state', message: `must have at most ${MAX_PRESENCE_BYTES} bytes as JSON` });
    }
    const isAge = typeof ageMs === 'number' && ageMs >= 0;
    if (!isAge) problems.push({ field: 'ageMs', message: 'must be a number of milliseconds from 0' });
    return {
      type: 'presence_update',
      channel,
      state: state === null ? null : json,
      ageMs: isAge ? Math.min(ageMs, MAX_AGE_MS) : 0,
    };
  },
  occupancy: (fields, problems) => {
    const channel = readChannel(fields['channel'], 'channel', problems);
    if (isWildcard(channel)) problems.push({ field: 'channel', message: 'must not be a wildcard: name one channel' });
    const { watch } = fields;
    if (watch !== undefined && typeof watch !== 'boolean') {
      problems.push({ field: 'watch', message: 'must be true or false' });
    }
    return { type: 'occupancy', channel, ...(watch === undefined ? {} : { watch: watch as boolean }) };
  },
  call: (fields, problems) => {
    const { name, data } = fields;
    const isName = typeof name === 'string' && name !== '' && name.length <= MAX_COMMAND_LENGTH;
    if (!isName) problems.push({ field: 'name', message: `must be a string of 1 to ${MAX_COMMAND_LENGTH} characters` });
    return { type: 'call', name: isName ? name : '', callId: readCallId(fields, problems), data };
  },
  cancel: (fields, problems) => ({ type: 'cancel', callId: readCallId(fields, problems) }),
  stream_cancel: (fields, problems) => {
    const channel = readChannel(fields['channel'], 'channel', problems);
    if (isWildcard(channel)) problems.push({ field: 'channel', message: 'must not be a wildcard: name one channel' });
    return { type: 'stream_cancel', channel };
  },
};

/** @returns true if this JSON is small enough for the state or the info of a member */
export function isPresenceJson(json: string): boolean {
  // A character has at least one byte. The cheap test comes first.
  return json.length <= MAX_PRESENCE_BYTES && new TextEncoder().encode(json).length <= MAX_PRESENCE_BYTES;
}

/** All request types, in the order of the table in PROTOCOL.md. */
export const REQUEST_TYPES = Object.keys(READERS) as readonly RequestType[];
