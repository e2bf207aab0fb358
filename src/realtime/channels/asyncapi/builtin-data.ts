import { PLATFORM_CHANNELS } from '../../../protocol/platform-events.js';

/**
 * JSON Schemas for the data of the built-in channels. They document the data and validate nothing: the compiler checks `emit`
 * against the event map. The private channel of a user has no schema, because the application decides what it sends there.
 */
export const BUILTIN_DATA: Readonly<Record<string, object>> = Object.fromEntries(
  Object.entries(PLATFORM_CHANNELS).map(([name, fields]) => [name, schemaOf(fields)]),
);

function schemaOf(fields: Readonly<Record<string, string>>): object {
  const names = Object.keys(fields);
  if (names.length === 0) return { type: 'object' };
  const properties = Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, { type }]));
  return { type: 'object', properties, required: names };
}
