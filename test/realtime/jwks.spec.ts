import { AuthService } from '../../src/realtime/index.js';
import { confused, Issuer, signWith, type IssuerKey } from '../support/issuer.js';
import { unsignedToken } from '../support/jwt.js';
import { rsaKeyPair } from '../support/rsa-keys.js';
import { until } from '../support/until.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf } from './support/shapes.js';

const LATER = { code: 4505, reason: 'temporarily unavailable' };

/** Prevents a second fetch within a test, unless the test triggers one. */
const NEVER_SOON = { jwksCooldownMs: 300_000 };

let issuer: Issuer;
let key: IssuerKey;
let app: RealtimeApp;

async function start(options: object = {}): Promise<void> {
  app = await RealtimeApp.start({ jwt: { jwksUrl: issuer.url, ...options } });
}

/** Returns the first frame for a client with this token. */
async function firstFrame(token: string): Promise<object> {
  const client = await app.connect({ header: `Bearer ${token}` });
  const frame = await client.next();
  client.terminate();
  return frame;
}

/** Connects with this token until the first frame has these fields. */
async function eventually(token: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const frame: object = await firstFrame(token);
    if (Object.entries(fields).every(([name, value]) => (frame as Record<string, unknown>)[name] === value)) return;
    if (performance.now() > deadline) throw new Error(`Still ${JSON.stringify(frame)}`);
  }
}

const isUp = (): boolean => app.app.get(AuthService).status.up;

beforeEach(async () => {
  issuer = await Issuer.start();
  key = issuer.addKey('first');
});
afterEach(async () => {
  await app.close();
  await issuer.stop();
});

describe('keys that an issuer publishes', () => {
  it('verify tokens by kid; many tokens need one fetch', async () => {
    const other = issuer.addKey('second', 'ES256');
    const third = issuer.addKey('third');
    await start(NEVER_SOON);
    for (const good of [key, other, key]) {
      expect(await firstFrame(signWith(good, { sub: 'u7' }))).toMatchObject({
        type: 'connected',
        user: { userId: 'u7' },
      });
    }
    expect(await firstFrame(signWith({ ...key, kid: third.kid }))).toEqual(errorOf('token_invalid'));
    expect(issuer.requests).toBe(1);
    expect(app.app.get(AuthService).status).toEqual({ up: true });
  });

  it('rotate: a new kid is fetched, and a withdrawn one stops working', async () => {
    await start({ jwksCooldownMs: 100, jwksMaxAgeMs: 1_000 });
    const withdrawn = signWith(key);
    expect(await firstFrame(withdrawn)).toMatchObject({ type: 'connected' });
    issuer.published = [];
    const fresh = signWith(issuer.addKey('fresh'));
    await eventually(fresh, { type: 'connected' });
    expect(await firstFrame(withdrawn)).toMatchObject({ type: 'error' });
    // Also without a request for a new one: the maximum age alone ends a withdrawn key.
    issuer.published = [];
    const fetched = issuer.requests;
    await until(() => issuer.requests > fetched + 1);
    expect(await firstFrame(fresh)).toMatchObject({ type: 'error' });
  });

  it('are not fetched again for a flood of unknown kids; their clients are asked to retry', async () => {
    await start(NEVER_SOON);
    await until(isUp);
    const tokens = Array.from({ length: 40 }, (_, index) => signWith({ ...key, kid: `unknown-${index}` }));
    const clients = await Promise.all(tokens.map((token) => app.connect({ token })));
    expect(await Promise.all(clients.map((client) => client.next()))).toEqual(tokens.map(() => errorOf('unavailable')));
    expect(await Promise.all(clients.map((client) => client.whenClosed()))).toEqual(tokens.map(() => LATER));
    expect(issuer.requests).toBe(1);
    expect(await firstFrame(signWith(key))).toMatchObject({ type: 'connected' });
  });

  it('reject an unknown kid as token_invalid after a fetch, and a flood of them causes one fetch', async () => {
    await start({ jwksCooldownMs: 500 });
    await until(isUp);
    const strange = signWith({ ...key, kid: 'strange' });
    await eventually(strange, { code: 'token_invalid' });
    const before = issuer.requests;
    const begun = performance.now();
    await Promise.all(Array.from({ length: 40 }, () => firstFrame(strange)));
    const intervals = Math.ceil((performance.now() - begun) / 500);
    expect(issuer.requests - before).toBeLessThanOrEqual(intervals);
  });
});

describe('while the host of the keys', () => {
  it('is down, known keys keep working, unknown tokens are asked to retry, and the keys are fetched again afterwards', async () => {
    await start({ jwksCooldownMs: 100, jwksMaxAgeMs: 1_000 });
    await until(isUp);
    await issuer.stop();
    await until(() => app.log.lines.some((line) => line.includes('the known keys stay in use')));
    expect(await firstFrame(signWith(key))).toMatchObject({ type: 'connected' });
    const fresh = issuer.addKey('fresh');
    const client = await app.connect({ token: signWith(fresh) });
    expect(await client.next()).toEqual(errorOf('unavailable'));
    expect(await client.whenClosed()).toEqual(LATER);
    await issuer.restart();
    await eventually(signWith(fresh), { type: 'connected' });
    await until(() => app.log.lines.some((line) => line.includes('were fetched again from')));
    expect(app.log.lines.filter((line) => line.includes('cannot be fetched'))).toHaveLength(1);
    expect(app.log.lines.join('\n')).not.toContain('of-the-query');
  });

  it('is down at startup, startup logs it and continues, and readiness fails', async () => {
    await issuer.stop();
    await start({ jwksCooldownMs: 100 });
    await until(() => app.log.lines.some((line) => line.startsWith('warn: The signing keys cannot be fetched from')));
    expect(app.app.get(AuthService).status).toEqual({
      up: false,
      reason: expect.stringContaining('fetch failed') as string,
    });
    expect(await firstFrame(signWith(key))).toEqual(errorOf('unavailable'));
    const anonymous = await app.connect();
    await anonymous.next('connected');
    // On an open connection, `unavailable` neither closes it nor counts as a refusal.
    for (let count = 0; count < 5; count += 1) {
      expect(await anonymous.ask({ type: 'auth', token: signWith(key) })).toMatchObject({ code: 'unavailable' });
    }
    const post = await fetch(`${app.http}/realtime/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${signWith(key)}` },
    });
    expect(post.status).toBe(503);
    await issuer.restart();
    await until(isUp);
    expect(await anonymous.ask({ type: 'auth', token: signWith(key) })).toMatchObject({ type: 'authenticated' });
    await anonymous.close();
  });

  it.each([
    ['endless', /longer than 524288 bytes/],
    ['rubbish', /Failed to parse/],
    ['redirect', /Expected 200 OK/],
    ['error', /Expected 200 OK/],
  ] as const)('is %s, the reason is reported, and no token is verified with it', async (manner, why) => {
    issuer.manner = manner;
    await start(NEVER_SOON);
    expect(await firstFrame(signWith(key))).toEqual(errorOf('unavailable'));
    expect(app.app.get(AuthService).status.reason).toMatch(why);
    expect(issuer.written).toBeLessThan(16 * 1024 * 1024); // no more than the socket buffers
    expect(issuer.requests).toBe(1);
  });

  it('does not respond, tokens wait for one shared fetch, up to 5 s', async () => {
    issuer.manner = 'silent';
    await start(NEVER_SOON);
    const began = performance.now();
    expect(await Promise.all([firstFrame(signWith(key)), firstFrame(signWith(key))])).toEqual([
      errorOf('unavailable'),
      errorOf('unavailable'),
    ]);
    expect(performance.now() - began).toBeLessThan(13_000);
    expect(issuer.requests).toBe(1);
  });
});

describe('a token that specifies its own verification', () => {
  const foreign: IssuerKey = { kid: 'first', alg: 'RS256', ...rsaKeyPair('foreign') };
  const jwk = foreign.publicKey.export({ format: 'jwk' });

  it.each<[string, () => string]>([
    ['HS256 with the public key as PEM for a secret', () => confused(key, 'pem')],
    ['HS256 with the public key as JWK for a secret', () => confused(key, 'jwk')],
    ['none', () => unsignedToken()],
    ['none, in another case', () => signWith(key, {}, { alg: 'nOnE' })],
    ['an algorithm of the key that is not allowed', () => signWith(key, {}, { alg: 'RS512' })],
    ['a list of algorithms', () => signWith(key, {}, { alg: ['RS256'] })],
    ['no algorithm', () => signWith(key, {}, { alg: undefined })],
    ['a key in the token (jwk)', () => signWith(foreign, {}, { jwk })],
    ['the URL of a key set (jku)', () => signWith(foreign, {}, { jku: issuer.url })],
    ['the URL of a certificate (x5u)', () => signWith(foreign, {}, { x5u: issuer.url })],
    ['a certificate chain (x5c)', () => signWith(foreign, {}, { x5c: ['MIIB'] })],
    ['an extension that must be understood (crit)', () => signWith(key, {}, { crit: ['b64'], b64: false })],
    ['a kid that is not a string', () => signWith(key, {}, { kid: { $ne: '' } })],
  ])('%s, is invalid', async (_what, token) => {
    await start(NEVER_SOON);
    await until(isUp);
    expect(await firstFrame(token())).toEqual(errorOf('token_invalid'));
    expect(issuer.requests).toBe(1);
    expect(
      await firstFrame(signWith(key, {}, { jwk, jku: 'https://evil.example', x5u: 'https://evil.example' })),
    ).toMatchObject({ type: 'connected' });
  });
});
