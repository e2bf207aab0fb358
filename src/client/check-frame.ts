import type { ServerFrame } from '../protocol/frames.js';
import type { LiveFrame } from '../protocol/live.js';
import type { AnswerTypes } from './types.js';

/** Frames of which the core of the client reads no field: replies, and frames about a call, a state or a stream. */
type Unread = Exclude<AnswerTypes[keyof AnswerTypes], 'presence'> | 'progress' | 'stream' | LiveFrame['type'];

/** Required fields, by frame type. */
const REQUIRED: { readonly [T in Exclude<ServerFrame['type'], Unread>]: string } = {
  connected: 'authorizedChannels heartbeatMs timestamp',
  authenticated: 'authorizedChannels timestamp',
  subscribed: 'channel',
  unsubscribed: 'channel',
  event: 'channel timestamp data',
  error: 'code message',
  presence: 'channel members count',
  presence_diff: 'channel joined left',
  resync: 'channel reason',
  reconnect: 'afterMs',
};

/** Fields that are checked if present. */
const OPTIONAL = 'expiresAt updated id lastEventId channel ref reason'.split(' ');

const ARRAYS = /^(au|mem|jo|le|up)/;
const NUMBERS = /Ms$|^count$/;

/** @returns the problem of a frame; `undefined` for a valid frame. Of an unknown type, only `ref` is checked */
export function problemOf(frame: ServerFrame): string | undefined {
  const { type } = frame;
  const isKnown = Object.hasOwn(REQUIRED, type);
  const fields = frame as unknown as Readonly<Record<string, unknown>>;
  const present = OPTIONAL.filter((name) => fields[name] !== undefined && (isKnown || name === 'ref'));
  const wrong = [...(isKnown ? REQUIRED[type as keyof typeof REQUIRED].split(' ') : []), ...present].find((name) => {
    const value = fields[name];
    if (name === 'data') return value === undefined;
    if (ARRAYS.test(name)) return !Array.isArray(value) || (name[0] !== 'a' && !value.every(isMember));
    return typeof value !== (NUMBERS.test(name) ? 'number' : 'string');
  });
  // Only the type: serializing a deeply nested value would overflow the stack.
  return wrong && `${type}.${wrong} is of type ${typeof fields[wrong]}`;
}

function isMember(value: { readonly userId?: unknown } | null): boolean {
  return typeof value?.userId === 'string';
}

/** Parses a frame. @returns `null` if the text is not JSON, not an object, or has no type */
export function parseFrame(text: string): ServerFrame | null {
  try {
    const frame = JSON.parse(text) as ServerFrame | null;
    return typeof frame?.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}
