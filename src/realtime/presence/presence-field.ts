import { integer, nullable, record, SchemaError, string, type Schema } from '../schemas/schema.js';
import { decodeMemberData, encodeMemberData, memberDataSchema, type MemberData } from './member-data.js';

/**
 * One field of a presence hash: `<instance>:<user id>`. Its value is the number of connections on that instance, followed
 * by the data of a member that has some, as JSON.
 */
export interface PresenceField {
  readonly instance: string;
  /** `ANONYMOUS` for connections without an identity. */
  readonly userId: string;
  /** 0 during the grace period of a user. */
  readonly count: number;
  readonly data: MemberData | null;
}

/** Upper bound for the connections of one user on one instance. */
const MAX_COUNT = 1_000_000_000;

export const presenceFieldSchema: Schema<PresenceField> = record<PresenceField>({
  instance: string({ min: 1, max: 64 }),
  userId: string({ max: 8_192 }),
  count: integer(0, MAX_COUNT),
  data: nullable(memberDataSchema),
});

/** Encodes the value of a field. */
export function presenceValue(count: number, data: MemberData | undefined): string {
  return data === undefined ? String(count) : `${count} ${encodeMemberData(data)}`;
}

/**
 * Decodes a field of a presence hash.
 * @throws SchemaError or SyntaxError for a field that no instance wrote
 */
export function readPresenceField(name: string, value: string): PresenceField {
  const colon = name.indexOf(':');
  const parts = { instance: name.slice(0, Math.max(0, colon)), userId: name.slice(colon + 1), ...readValue(value) };
  return presenceFieldSchema.read(parts, 'it');
}

function readValue(value: string): Pick<PresenceField, 'count' | 'data'> {
  const [, count, data] = /^(\d{1,10})(?: (\{.*\}))?$/s.exec(value) ?? [];
  if (count === undefined) throw new SchemaError('it.count', 'a whole number');
  return { count: Number(count), data: data === undefined ? null : decodeMemberData(data) };
}
