/** ISO 8601, UTC, milliseconds. */
export const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export const UUID_V4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

export const EVENT_ID = /^[A-Za-z0-9]+-\d+$/;

/** Returns the frame with any timestamp, for `toEqual`: all fields must match exactly. */
export function stamped(frame: Record<string, unknown>): Record<string, unknown> {
  return { ...frame, timestamp: expect.stringMatching(TIMESTAMP) as unknown };
}

/** An `error` frame with this code and any message. */
export function errorOf(code: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return stamped({ type: 'error', code, message: expect.stringMatching(/./) as unknown, ...fields });
}
