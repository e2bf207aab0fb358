import { isPresenceJson, MAX_PRESENCE_BYTES } from '../../protocol/index.js';
import { isJson, mayHaveProto, parseWithoutProto } from '../channels/fields/without-proto.js';
import {
  decode,
  encode,
  integer,
  nullable,
  record,
  refine,
  string,
  type Schema,
  SchemaError,
} from '../schemas/schema.js';

/** JSON with the time at which it was set. */
export interface StampedJson {
  /** At most 1,024 bytes. */
  readonly json: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Info and state of a member. At least one is not `null`. */
export interface MemberData {
  /** Info that a policy gave. */
  readonly info: StampedJson | null;
  /** State that the member set. */
  readonly state: StampedJson | null;
}

/** Maximum number of members whose info and state are stored and read, per channel and instance. */
export const MAX_MEMBERS_WITH_DATA = 2_000;

/** Bounds of a time: 2^53 milliseconds, less what instances add. */
const MAX_TIME = 2 ** 52;

const stampedJsonSchema: Schema<StampedJson> = record<StampedJson>({
  json: refine(
    string({ min: 1, max: MAX_PRESENCE_BYTES }),
    `JSON of at most ${MAX_PRESENCE_BYTES} bytes`,
    (json) => isPresenceJson(json) && isJson(json),
  ),
  at: integer(-MAX_TIME, MAX_TIME),
});

export const memberDataSchema: Schema<MemberData> = record<MemberData>({
  info: nullable(stampedJsonSchema),
  state: nullable(stampedJsonSchema),
});

/** Longest encoded data, in characters: two texts of 1,024 bytes, of which JSON escapes each character. */
const MAX_LENGTH = 16_384;

/** Encodes data for a store. */
export function encodeMemberData(data: MemberData): string {
  return encode(memberDataSchema, data);
}

/**
 * Decodes stored data. Anyone who can write to the store can write anything.
 * @throws SchemaError or SyntaxError for data that no instance wrote
 */
export function decodeMemberData(text: string): MemberData {
  if (text.length > MAX_LENGTH) throw new SchemaError('it', `JSON of at most ${MAX_LENGTH} characters`);
  const { info, state } = decode(memberDataSchema, text);
  return { info: safe(info), state: safe(state) };
}

function safe(stamped: StampedJson | null): StampedJson | null {
  return stamped && { ...stamped, json: withoutProto(stamped.json) };
}

/** Returns JSON without properties named `__proto__`: code of the receivers that copies properties would set a prototype. */
export function withoutProto(json: string): string {
  return mayHaveProto(json) ? JSON.stringify(parseWithoutProto(json)) : json;
}

/**
 * Combines the data of several connections of one user: the info and the state that were set last count. All instances
 * get the same result, in any order.
 */
export function combineMemberData(one: MemberData | undefined, other: MemberData): MemberData {
  if (one === undefined) return other;
  return { info: laterOf(one.info, other.info), state: laterOf(one.state, other.state) };
}

function laterOf(one: StampedJson | null, other: StampedJson | null): StampedJson | null {
  if (one === null || other === null) return one ?? other;
  if (one.at !== other.at) return one.at > other.at ? one : other;
  return one.json >= other.json ? one : other;
}

/** Returns true if receivers see no difference. */
export function looksSame(one: MemberData | undefined, other: MemberData | undefined): boolean {
  return one?.info?.json === other?.info?.json && one?.state?.json === other?.state?.json;
}

/** Returns true if both were set at the same time, too. */
export function isSameData(one: MemberData | undefined, other: MemberData | undefined): boolean {
  return looksSame(one, other) && one?.info?.at === other?.info?.at && one?.state?.at === other?.state?.at;
}
