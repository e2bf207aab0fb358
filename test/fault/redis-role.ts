/** Role of an instance's connection to Redis. */
export type RedisRole = 'publish' | 'subscribe' | 'read';

/**
 * Returns the role of a connection from the commands on it; `null` while unknown. The publishing one requests its
 * client id, the subscribing one subscribes before it reads.
 */
export function roleOf(said: Buffer): RedisRole | null {
  const text = said.toString('latin1');
  if (/\r\nclient\r\n\$2\r\nid\r\n/i.test(text)) return 'publish';
  if (/\r\nsubscribe\r\n/i.test(text)) return 'subscribe';
  if (/\r\nevalsha\r\n/i.test(text)) return 'read';
  return null;
}
