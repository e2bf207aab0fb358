/** Readers of the fields of client frames. Each one adds a problem if its field is invalid. */
import { channelNameProblem, isWildcard } from './channel-name.js';
import type { FieldProblem, SubscribeTarget } from './frames.js';
import { MAX_EVENT_ID_LENGTH } from './position.js';
import { MAX_STREAM_ID_LENGTH, type StreamFrom } from './streams.js';

/** Maximum length of a `ref`, in characters. */
export const MAX_REF_LENGTH = 64;

/** Maximum number of problems in one answer. */
export const MAX_DETAILS = 20;

/** Maximum of `last` and `limit`; a larger number counts as this one. */
export const MAX_HISTORY_EVENTS = 1_000;

/** Maximum length of the id of a call, in characters. */
const MAX_CALL_ID_LENGTH = 64;
const CALL_ID = new RegExp(`^[\\w.:-]{1,${MAX_CALL_ID_LENGTH}}$`);

/** @returns true if the value can be the id of a call */
export function isCallId(value: unknown): value is string {
  return typeof value === 'string' && CALL_ID.test(value);
}

/** Fields of a frame, or of one of its channels. */
export type Fields = Record<string, unknown>;

/** Reads the `ref` of a frame, if it has one. */
export function readRef(value: unknown, problems: FieldProblem[]): string | undefined {
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
export function readTargets(fields: Fields, problems: FieldProblem[], maxTargets: number): SubscribeTarget[] {
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
  const { lastEventId, presence, last, state, stream } = fields;
  const isId = checkId(lastEventId, `${prefix}lastEventId`, problems);
  if (isId && lastEventId !== undefined && isWildcard(channel)) {
    const message = 'cannot be combined with a wildcard: list the channels';
    problems.push({ field: `${prefix}lastEventId`, message });
  }
  const count = readCount(last, `${prefix}last`, problems);
  if (presence !== undefined && typeof presence !== 'boolean') {
    problems.push({ field: `${prefix}presence`, message: 'must be true or false' });
  }
  if (state !== undefined && typeof state !== 'boolean') {
    problems.push({ field: `${prefix}state`, message: 'must be true or false' });
  }
  return {
    channel,
    ...(lastEventId === undefined ? {} : { lastEventId: lastEventId as string }),
    ...(presence === undefined ? {} : { presence: presence as boolean }),
    ...(count === undefined ? {} : { last: count }),
    ...(state === undefined ? {} : { state: state as boolean }),
    ...(stream === undefined ? {} : { stream: readStreamFrom(stream, `${prefix}stream`, problems) }),
  };
}

/** Reads the id of a call. */
export function readCallId({ callId }: Fields, problems: FieldProblem[]): string {
  if (isCallId(callId)) return callId;
  problems.push({ field: 'callId', message: `must be 1 to ${MAX_CALL_ID_LENGTH} of A-Z a-z 0-9 _ . : -` });
  return '';
}

/** @returns true if it is absent, or can be the id of an event */
export function checkId(value: unknown, field: string, problems: FieldProblem[]): boolean {
  if (value === undefined || (typeof value === 'string' && value.length <= MAX_EVENT_ID_LENGTH)) return true;
  problems.push({ field, message: `must be a string of at most ${MAX_EVENT_ID_LENGTH} characters` });
  return false;
}

/** Reads a number of events. A number over {@link MAX_HISTORY_EVENTS} counts as this one. */
export function readCount(value: unknown, field: string, problems: FieldProblem[]): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 1) return Math.min(value as number, MAX_HISTORY_EVENTS);
  problems.push({ field, message: 'must be a whole number from 1' });
  return undefined;
}

/** Reads the name of a channel, or a wildcard. */
export function readChannel(value: unknown, field: string, problems: FieldProblem[]): string {
  if (typeof value !== 'string') {
    problems.push({ field, message: 'must be a string' });
    return '';
  }
  const problem = isWildcard(value) ? null : channelNameProblem(value);
  if (problem) problems.push({ field, message: problem });
  return value;
}

/** Reads the `stream` of a subscribe target. */
function readStreamFrom(value: unknown, field: string, problems: FieldProblem[]): StreamFrom {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push({ field, message: 'must be an object with "at" and "id", or {}' });
    return {};
  }
  const { at, id } = value as { readonly at?: unknown; readonly id?: unknown };
  const isOffset = Number.isSafeInteger(at) && (at as number) >= 0;
  if (at !== undefined && !isOffset) {
    problems.push({ field: `${field}.at`, message: 'must be a whole number of bytes from 0' });
  }
  const isId = typeof id === 'string' && id !== '' && id.length <= MAX_STREAM_ID_LENGTH;
  if (id !== undefined && !isId) {
    problems.push({ field: `${field}.id`, message: `must be a string of 1 to ${MAX_STREAM_ID_LENGTH} characters` });
  }
  return { ...(isOffset && { at: at as number }), ...(isId && { id }) };
}
