/** Maximum length of the id of a connection, in characters. The server issues ids of 36 characters. */
export const MAX_CONNECTION_ID_LENGTH = 64;

const ID = /^[\w-]{1,64}$/;

/** Returns true if the value can be the id of a connection. */
export function isConnectionId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}
