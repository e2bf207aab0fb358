import { createHmac } from 'node:crypto';

/** Key of a service that publishes over HTTP. */
export const PUBLISH_KEY = 'a key of the benchmark, long enough';

export const SECRET = 'the secret of the benchmark, 32 bytes or more';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEAD = encode({ alg: 'HS256', typ: 'JWT' });

/** Returns the token of the user with this number, valid for an hour. */
export function tokenOf(user: number): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { sub: `user-${user}`, email: `user-${user}@example.com`, role: 'admin', iat: now, exp: now + 3_600 };
  const signed = `${HEAD}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
