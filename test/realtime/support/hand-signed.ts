import { createHmac } from 'node:crypto';
import { TEST_SECRET } from '../../support/jwt.js';

/** Creates a token with a valid signature over any payload, also one that no library would sign. */
export function handSigned(payload: unknown, header: unknown = { alg: 'HS256', typ: 'JWT' }): string {
  const parts = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${parts}.${createHmac('sha256', TEST_SECRET).update(parts).digest('base64url')}`;
}
