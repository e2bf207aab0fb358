import { integer, record, SchemaError, string, type Schema } from '../schemas/schema.js';

/** One field of a presence hash: `<instance>:<user id>`, with the number of connections on that instance as value. */
export interface PresenceField {
  readonly instance: string;
  /** `ANONYMOUS` for connections without an identity. */
  readonly userId: string;
  /** 0 during the grace period of a user. */
  readonly count: number;
}

/** Upper bound for the connections of one user on one instance. */
const MAX_COUNT = 1_000_000_000;

export const presenceFieldSchema: Schema<PresenceField> = record<PresenceField>({
  instance: string({ min: 1, max: 64 }),
  userId: string({ max: 8_192 }),
  count: integer(0, MAX_COUNT),
});

/**
 * Decodes a field of a presence hash.
 * @throws SchemaError for a field that no instance wrote
 */
export function readPresenceField(name: string, value: string): PresenceField {
  if (!/^\d{1,10}$/.test(value)) throw new SchemaError('it.count', 'a whole number');
  const colon = name.indexOf(':');
  const parts = { instance: name.slice(0, Math.max(0, colon)), userId: name.slice(colon + 1), count: Number(value) };
  return presenceFieldSchema.read(parts, 'it');
}
