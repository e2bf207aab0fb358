/** What an instance does with a connection to Redis. */
export type RedisRole = 'publish' | 'subscribe' | 'read';

/**
 * The role of a connection, by a part of what the instance says on it; `null` while that does not show. The publishing one asks
 * for its id, the subscribing one subscribes before it reads.
 */
export function roleOf(said: Buffer): RedisRole | null {
  const text = said.toString('latin1');
  if (/\r\nclient\r\n\$2\r\nid\r\n/i.test(text)) return 'publish';
  if (/\r\nsubscribe\r\n/i.test(text)) return 'subscribe';
  if (/\r\nevalsha\r\n/i.test(text)) return 'read';
  return null;
}
