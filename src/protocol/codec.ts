/** Decodes a client's text frame into a validated request, or into an error that names the wrong field. */
import { ERROR_CODES, type ErrorCode } from './codes.js';
import { channelNameProblem, isWildcard } from './channel-name.js';
import { isConnectionId, MAX_CONNECTION_ID_LENGTH } from './connection-id.js';
import { MAX_EVENT_ID_LENGTH } from './position.js';
import type { FieldProblem, SubscribeTarget } from './frames.js';

/** Maximum length of a `ref`, in characters. */
export const MAX_REF_LENGTH = 64;

/** Maximum number of channels in one frame, unless the server sets another limit. */
export const MAX_TARGETS = 200;

const NOT_A_CONNECTION = `must be the id of a connection: at most ${MAX_CONNECTION_ID_LENGTH} of A-Z a-z 0-9 _ -`;

/** Maximum number of problems in one answer. */
const MAX_DETAILS = 20;

/** Maximum of `last` and `limit`; a larger number counts as this one. */
export const MAX_HISTORY_EVENTS = 1_000;

/** Maximum size of a member's state, and of the info that a policy gives, in bytes of JSON. */
export const MAX_PRESENCE_BYTES = 1_024;

/** Maximum of `ageMs`; a larger number counts as this one. */
const MAX_AGE_MS = 86_400_000;

/** Maximum length of a command's name, in characters. */
export const MAX_COMMAND_LENGTH = 100;

/** Maximum length of the id of a call, in characters. */
const MAX_CALL_ID_LENGTH = 64;
const CALL_ID = new RegExp(`^[\\w.:-]{1,${MAX_CALL_ID_LENGTH}}$`);

/** @returns true if the value can be the id of a call */
export function isCallId(value: unknown): value is string {
  return typeof value === 'string' && CALL_ID.test(value);
}

/** Default of `limit`. */
export const HISTORY_LIMIT = 50;

/**
 * Number of problems that an answer to a short frame lists. Every `CHARACTERS_PER_DETAIL` characters of the frame allow
 * one more, so that the answer is not many times as large as the frame.
 */
const MIN_DETAILS = 5;
const CHARACTERS_PER_DETAIL = 64;

interface Referable {
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
  | ({ readonly type: 'cancel'; readonly callId: string } & Referable);

/** Type of a request: `subscribe`, `ping` … */
export type RequestType = ClientRequest['type'];

/** Fields of the `error` frame that answers an invalid frame. */
export interface BadFrame extends Referable {
  readonly code: Extract<ErrorCode, 'invalid_json' | 'invalid_message' | 'unknown_type'>;
  readonly message: string;
  readonly details?: readonly FieldProblem[];
}

/**
 * Result of decoding: a request or an error. `custom` is set with `bad` if the frame is well-formed and its type is
 * unknown: the application may have a handler for it.
 */
export type Decoded =
  | { readonly request: ClientRequest; readonly bad?: undefined; readonly custom?: undefined }
  | { readonly request?: undefined; readonly bad: BadFrame; readonly custom?: CustomFrame };

/** A well-formed frame whose type is not part of the protocol. */
export interface CustomFrame extends Referable {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

type Fields = Record<string, unknown>;
type Reader = (fields: Fields, problems: FieldProblem[], maxTargets: number) => ClientRequest;

const readers: { readonly [T in RequestType]: Reader } = {
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
};

/** @returns true if this JSON is small enough for the state or the info of a member */
export function isPresenceJson(json: string): boolean {
  // A character has at least one byte. The cheap test comes first.
  return json.length <= MAX_PRESENCE_BYTES && new TextEncoder().encode(json).length <= MAX_PRESENCE_BYTES;
}

/** All request types, in the order of the table in PROTOCOL.md. */
export const REQUEST_TYPES = Object.keys(readers) as readonly RequestType[];

/**
 * Decodes one text frame. Never throws.
 * @param maxTargets maximum number of channels in a frame; a frame with more is rejected as a whole
 */
export function decodeClientFrame(text: string, maxTargets = MAX_TARGETS): Decoded {
  const decoded = decode(text, maxTargets);
  if (decoded.bad?.details === undefined) return decoded;
  const { details } = decoded.bad;
  const named = Math.min(MAX_DETAILS, MIN_DETAILS + Math.floor(text.length / CHARACTERS_PER_DETAIL));
  return named >= details.length ? decoded : { bad: { ...decoded.bad, details: details.slice(0, named) } };
}

function decode(text: string, maxTargets: number): Decoded {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { bad: { code: 'invalid_json', message: ERROR_CODES.invalid_json.message } };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return invalid([{ field: '', message: 'must be a JSON object' }]);
  }
  const fields = parsed as Fields;
  const problems: FieldProblem[] = [];
  const ref = readRef(fields['ref'], problems);
  const type = fields['type'];
  if (typeof type !== 'string' || type === '') {
    return invalid([{ field: 'type', message: 'must be a non-empty string' }, ...problems], ref);
  }
  if (!Object.hasOwn(readers, type)) {
    if (problems.length > 0) return invalid(problems, ref);
    const message = `${ERROR_CODES.unknown_type.message}: use one of ${REQUEST_TYPES.join(', ')}`;
    return { bad: withRef({ code: 'unknown_type', message }, ref), custom: withRef({ type, fields }, ref) };
  }
  const request = readers[type as RequestType](fields, problems, maxTargets);
  return problems.length > 0 ? invalid(problems, ref) : { request: withRef(request, ref) };
}

/** Error for a binary frame. */
export const BINARY_FRAME: BadFrame = invalid([{ field: '', message: 'must be a text frame, not a binary one' }]).bad;

function invalid(problems: readonly FieldProblem[], ref?: string): { bad: BadFrame } {
  return {
    bad: withRef(
      {
        code: 'invalid_message',
        message: ERROR_CODES.invalid_message.message,
        details: problems,
      },
      ref,
    ),
  };
}

function withRef<T extends object>(value: T, ref: string | undefined): T & Referable {
  return ref === undefined ? value : { ...value, ref };
}

function readRef(value: unknown, problems: FieldProblem[]): string | undefined {
  if (value === undefined) return undefined;
  // The limit counts characters, not UTF-16 units. The cheap test comes first.
  const fits = typeof value === 'string' && (value.length <= MAX_REF_LENGTH || isWithin(value, MAX_REF_LENGTH));
  if (fits) return value;
  problems.push({ field: 'ref', message: `must be a string of at most ${MAX_REF_LENGTH} characters` });
  return undefined;
}

function isWithin(text: string, characters: number): boolean {
  return text.length <= 2 * characters && [...text].length <= characters;
}

/** Reads the channels of a request. If a channel is listed twice, the first entry counts. */
function readTargets(fields: Fields, problems: FieldProblem[], maxTargets: number): SubscribeTarget[] {
  const list = fields['channels'];
  if (list === undefined) return [readTarget(fields, '', problems)];
  if (fields['channel'] !== undefined) {
    problems.push({ field: 'channels', message: 'cannot be combined with "channel": use one of them' });
    return [];
  }
  if (!Array.isArray(list) || list.length === 0) {
    problems.push({ field: 'channels', message: 'must be a non-empty list' });
    return [];
  }
  if (list.length > maxTargets) {
    problems.push({ field: 'channels', message: `must have at most ${maxTargets} entries: send several frames` });
    return [];
  }
  const targets = new Map<string, SubscribeTarget>();
  for (const [index, entry] of list.entries()) {
    const target = readEntry(entry, `channels[${index}]`, problems);
    if (!targets.has(target.channel)) targets.set(target.channel, target);
    if (problems.length >= MAX_DETAILS) break;
  }
  return [...targets.values()];
}

function readEntry(entry: unknown, field: string, problems: FieldProblem[]): SubscribeTarget {
  if (typeof entry === 'string') return { channel: readChannel(entry, field, problems) };
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problems.push({ field, message: 'must be a channel name or an object with "channel"' });
    return { channel: '' };
  }
  return readTarget(entry as Fields, `${field}.`, problems);
}

function readTarget(fields: Fields, prefix: string, problems: FieldProblem[]): SubscribeTarget {
  const channel = readChannel(fields['channel'], `${prefix}channel`, problems);
  const { lastEventId, presence, last } = fields;
  const isId = checkId(lastEventId, `${prefix}lastEventId`, problems);
  if (isId && lastEventId !== undefined && isWildcard(channel)) {
    const message = 'cannot be combined with a wildcard: list the channels';
    problems.push({ field: `${prefix}lastEventId`, message });
  }
  const count = readCount(last, `${prefix}last`, problems);
  if (presence !== undefined && typeof presence !== 'boolean') {
    problems.push({ field: `${prefix}presence`, message: 'must be true or false' });
  }
  return {
    channel,
    ...(lastEventId === undefined ? {} : { lastEventId: lastEventId as string }),
    ...(presence === undefined ? {} : { presence: presence as boolean }),
    ...(count === undefined ? {} : { last: count }),
  };
}

function readCallId({ callId }: Fields, problems: FieldProblem[]): string {
  if (isCallId(callId)) return callId;
  problems.push({ field: 'callId', message: `must be 1 to ${MAX_CALL_ID_LENGTH} of A-Z a-z 0-9 _ . : -` });
  return '';
}

/** @returns true if it is absent, or can be the id of an event */
function checkId(value: unknown, field: string, problems: FieldProblem[]): boolean {
  if (value === undefined || (typeof value === 'string' && value.length <= MAX_EVENT_ID_LENGTH)) return true;
  problems.push({ field, message: `must be a string of at most ${MAX_EVENT_ID_LENGTH} characters` });
  return false;
}

function readCount(value: unknown, field: string, problems: FieldProblem[]): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 1) return Math.min(value as number, MAX_HISTORY_EVENTS);
  problems.push({ field, message: 'must be a whole number from 1' });
  return undefined;
}

function readChannel(value: unknown, field: string, problems: FieldProblem[]): string {
  if (typeof value !== 'string') {
    problems.push({ field, message: 'must be a string' });
    return '';
  }
  const problem = isWildcard(value) ? null : channelNameProblem(value);
  if (problem) problems.push({ field, message: problem });
  return value;
}
