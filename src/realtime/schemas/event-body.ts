import { decode, json, record, string, refine, type Schema } from './schema.js';

/** An event as it is stored and sent between instances. See `eventBody` in the protocol. */
export interface EventBody {
  readonly channel: string;
  readonly data: unknown;
  /** ISO 8601, in the format of `toISOString`. */
  readonly timestamp: string;
  /** Id of the call that caused it. */
  readonly cause?: string;
}

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const CALL_ID = /^[\w.:-]{1,64}$/;

export const eventBodySchema: Schema<EventBody> = record<EventBody>(
  {
    channel: string({ min: 1, max: 1_024 }),
    data: refine(json, 'given', (data) => data !== undefined),
    timestamp: refine(string({ max: 24 }), 'an ISO 8601 timestamp', (text) => TIMESTAMP.test(text)),
    cause: refine(string({ max: 64 }), 'the id of a call', (text) => CALL_ID.test(text)),
  },
  ['cause'],
);

/**
 * Decodes the body of an event.
 * @param body JSON without its opening brace
 * @throws SchemaError or SyntaxError
 */
export function decodeEventBody(body: string): EventBody {
  return decode(eventBodySchema, `{${body}`);
}

/** Returns true if the body is an event that can be parsed, and not a value that another program wrote. */
export function holdsEvent(body: string): boolean {
  try {
    decodeEventBody(body);
    return true;
  } catch {
    return false;
  }
}
