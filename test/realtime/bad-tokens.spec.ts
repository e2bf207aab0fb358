import { generateKeyPairSync } from 'node:crypto';
import { ERROR_CODES } from '../../src/protocol/index.js';
import { secondsFromNow, signToken, TEST_SECRET, unsignedToken, type TestClaims } from '../support/jwt.js';
import { handSigned } from './support/hand-signed.js';
import { RealtimeApp } from './support/realtime-app.js';
import { errorOf, stamped } from './support/shapes.js';

const claims = { sub: 'u1', exp: secondsFromNow(3600) };

describe('a bad token', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  const invalid: [string, string][] = [
    ['no JWT at all', 'rubbish'],
    ['three empty parts', '..'],
    ['a payload that is no JSON', `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.bm9wZQ.x`],
    ['a signature by another secret', signToken({}, { key: 'another secret of at least 32 bytes in length' })],
    ['a signature cut short', signToken().slice(0, -5)],
    ['no signature (alg none)', unsignedToken({ role: 'admin' })],
    ['alg none over a good signature', handSigned(claims, { alg: 'none', typ: 'JWT' })],
    ['an algorithm that is not allowed', signToken({}, { alg: 'HS512' })],
    ['another secret and expired too', signToken({ exp: 1 }, { key: 'another secret of at least 32 bytes in length' })],
    ['not yet valid', signToken({ nbf: secondsFromNow(60) })],
    ['no end', signToken({ exp: undefined })],
    ['an expiry that is not a number', handSigned({ ...claims, exp: 'tomorrow' })],
    ['a payload that is not an object', handSigned('u1')],
    ['a payload that is a list', handSigned(['u1'])],
    ['more than 8192 characters', signToken({ padding: 'x'.repeat(9000) })],
  ];
  const odd: [string, TestClaims][] = [
    ['no user id', { sub: undefined }],
    ['only empty user ids', { sub: '', userId: '', id: '' }],
    ['a user id that is null', { sub: null }],
    ['a user id that is true', { sub: true }],
    ['a user id that is a fraction', { sub: 1.5 }],
    ['a user id that is negative', { sub: -1 }],
    ['a user id that is not a safe integer', { sub: 2 ** 53 }],
    ['a user id that is a list', { sub: ['u1'] }],
    ['a user id that is an object', { sub: { id: 'u1' } }],
    ['a user id whose channel would be over 200 bytes', { sub: 'x'.repeat(196) }],
    ['a user id whose encoded channel would be over 200 bytes', { sub: 'ü'.repeat(33) }],
    ['a user id that is not a well-formed string', { sub: '\ud800' }],
    ['a role that is a number', { role: 1 }],
    ['roles that hold a number', { role: undefined, roles: ['admin', 1] }],
    ['roles that are an object', { role: undefined, roles: { admin: true } }],
  ];
  // jsonwebtoken itself refuses to sign some of these.
  const all = [...invalid, ...odd.map(([what, fields]) => [what, handSigned({ ...claims, ...fields })] as const)];

  it.each(all)('(%s) gets token_invalid, and is closed with 4401', async (_what, token) => {
    const client = await app.connect({ header: `Bearer ${token}` });
    const { message } = ERROR_CODES.token_invalid;
    expect(await client.next()).toEqual(stamped({ type: 'error', code: 'token_invalid', message }));
    expect(await client.whenClosed()).toEqual({ code: 4401, reason: 'no valid token' });
    expect(client.frames).toHaveLength(1);
  });

  it.each([
    ['long ago', 1],
    ['a moment ago: no tolerance for the end', secondsFromNow(-1)],
    ['before 1970', -5],
  ])('that expired %s gets token_expired, and is closed with 4401', async (_when, exp) => {
    const client = await app.connect({ token: signToken({ exp }) });
    expect(await client.next()).toEqual(errorOf('token_expired', { message: ERROR_CODES.token_expired.message }));
    expect(await client.whenClosed()).toMatchObject({ code: 4401 });
  });

  it('never exposes the token, neither to the client nor in the log', async () => {
    const tokens = [
      signToken({ exp: 1 }),
      signToken({ nbf: secondsFromNow(60) }),
      'rubbish-of-a-token',
      unsignedToken(),
    ];
    for (const token of tokens) {
      const client = await app.connect({ token });
      await client.whenClosed();
      expect(JSON.stringify(client.frames)).not.toContain(token);
    }
    expect(app.log.lines.join('\n')).toContain('A token was refused');
    for (const token of tokens) expect(app.log.lines.join('\n')).not.toContain(token);
  });

  it('does not count as a connection', async () => {
    const client = await app.connect({ token: 'rubbish' });
    await client.whenClosed();
    expect(app.registry.size).toBe(0);
  });
});

describe('the claims of a good token', () => {
  let app: RealtimeApp;

  beforeAll(async () => {
    app = await RealtimeApp.start();
  });
  afterAll(() => app.close());

  it.each<[string, TestClaims, object]>([
    ['an integer as user id', { sub: 42 }, { userId: '42' }],
    ['zero as user id', { sub: 0 }, { userId: '0' }],
    ['userId where there is no sub', { sub: undefined, userId: 'v2' }, { userId: 'v2' }],
    ['id where sub and userId are empty', { sub: '', userId: '', id: 'w3' }, { userId: 'w3' }],
    ['sub before userId', { sub: 'a', userId: 'b', id: 'c' }, { userId: 'a' }],
    ['no role: a plain user', { role: undefined }, { role: 'user' }],
    ['a null role: the roles count', { role: null, roles: ['ops', 'admin'] }, { role: 'ops' }],
    ['roles without a role: the first', { role: undefined, roles: ['admin', 'ops'] }, { role: 'admin' }],
    ['empty roles: a plain user', { role: undefined, roles: [] }, { role: 'user' }],
    ['an empty role: a plain user', { role: '' }, { role: 'user' }],
    ['an empty role beside roles', { role: '', roles: ['ops'] }, { role: 'ops' }],
    ['a list in role', { role: ['ops', 'admin'] }, { role: 'ops' }],
    ['a single role as a string in roles', { role: undefined, roles: 'ops' }, { role: 'ops' }],
    ['null roles: a plain user', { role: undefined, roles: null }, { role: 'user' }],
    ['an empty one among the roles', { role: undefined, roles: ['', 'ops'] }, { role: 'ops' }],
    ['null in sub beside a good userId', { sub: null, userId: 'b' }, { userId: 'b' }],
    ['a role beside roles', { role: 'ops', roles: ['admin'] }, { role: 'ops' }],
    ['no email', { email: undefined }, { email: null }],
    ['an email that is not a string', { email: 5 }, { email: null }],
    ['a nbf within the tolerance', { nbf: secondsFromNow(3) }, { userId: 'u1' }],
    ['an expiry in the far future, beyond the range of a date', { exp: 1e13 }, { userId: 'u1' }],
    ['an expiry with a fraction', { exp: secondsFromNow(60) + 0.5 }, { userId: 'u1' }],
  ])('%s', async (_what, fields, user) => {
    const token = handSigned({ sub: 'u1', exp: secondsFromNow(3600), role: 'user', email: 'e', ...fields });
    const client = await app.connect({ token });
    expect(await client.next('connected')).toMatchObject({ user });
    client.terminate();
  });
});

describe('several roles', () => {
  it('all count: the second one can grant the admin role, on the socket and over REST', async () => {
    const app = await RealtimeApp.start();
    try {
      const token = signToken({ role: undefined, roles: ['ops', 'admin'] });
      const client = await app.connect({ token });
      const { user, authorizedChannels } = await client.next('connected');
      expect(user).toMatchObject({ role: 'ops' });
      expect(authorizedChannels).toContain('system:health');
      expect(await client.ask({ type: 'stats' })).toMatchObject({ type: 'stats' });
      const published = await fetch(`${app.http}/realtime/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{"channel":"apps:created","data":{"id":"1","name":"n"}}',
      });
      expect(published.status).toBe(201);
    } finally {
      await app.close();
    }
  });
});

describe('unusable claims', () => {
  it('are named but never quoted in a warning, which is visible at the default log level', async () => {
    const app = await RealtimeApp.start();
    try {
      const token = handSigned({ ...claims, role: { name: 'a secret role' } });
      await (await app.connect({ token })).whenClosed();
      const warnings = app.log.lines.filter((line) => line.startsWith('warn: A token was refused'));
      expect(warnings).toEqual([
        'warn: A token was refused: role holds an object: a role is a string. See docs/authentication.md Realtime',
      ]);
    } finally {
      await app.close();
    }
  });
});

describe('a token for one issuer and audience', () => {
  let app: RealtimeApp;
  const good = { iss: 'https://issuer.example', aud: 'realtime' };

  beforeAll(async () => {
    app = await RealtimeApp.start({ jwt: { secret: TEST_SECRET, issuer: good.iss, audience: good.aud } });
  });
  afterAll(() => app.close());

  it.each<[string, TestClaims, string]>([
    ['is good', good, 'connected'],
    ['is valid for several audiences', { ...good, aud: ['other', 'realtime'] }, 'connected'],
    ['is invalid from another issuer', { ...good, iss: 'https://other.example' }, 'error'],
    ['is invalid for another audience', { ...good, aud: 'other' }, 'error'],
    ['is invalid without an issuer', { aud: good.aud }, 'error'],
    ['is invalid without an audience', { iss: good.iss }, 'error'],
  ])('%s', async (_what, fields, type) => {
    const client = await app.connect({ token: signToken(fields) });
    expect(await client.next()).toMatchObject(type === 'error' ? { type, code: 'token_invalid' } : { type });
    client.terminate();
  });
});

describe('a token for one of several audiences', () => {
  it('is accepted, and one for another audience is not', async () => {
    const app = await RealtimeApp.start({ jwt: { secret: TEST_SECRET, audience: ['web', 'mobile'] } });
    try {
      const first = async (aud: string | string[] | undefined) => {
        const client = await app.connect({ token: signToken({ aud }) });
        const frame = await client.next();
        client.terminate();
        return frame;
      };
      for (const aud of ['web', 'mobile', ['other', 'mobile']]) {
        expect(await first(aud)).toMatchObject({ type: 'connected' });
      }
      for (const aud of ['other', ['other'], [], undefined, 'we', 'web,mobile']) {
        expect(await first(aud)).toEqual(errorOf('token_invalid'));
      }
    } finally {
      await app.close();
    }
  });
});

describe('tokens signed with a private key', () => {
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const ec = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  it.each([
    ['RS256', rsa],
    ['ES256', ec],
  ] as const)('are valid with %s, and one signed with the public key as a secret is not', async (alg, keys) => {
    const app = await RealtimeApp.start({ jwt: { publicKey: keys.publicKey } });
    try {
      const good = await app.connect({ token: signToken({ sub: 'k1' }, { alg, key: keys.privateKey }) });
      expect(await good.next('connected')).toMatchObject({ user: { userId: 'k1' } });
      // Algorithm confusion, signed by hand because the library refuses it.
      const { createHmac } = await import('node:crypto');
      const parts = handSigned({ sub: 'k1', role: 'admin', exp: secondsFromNow(60) })
        .split('.')
        .slice(0, 2)
        .join('.');
      const signature = createHmac('sha256', keys.publicKey).update(parts).digest('base64url');
      const forged = await app.connect({ token: `${parts}.${signature}` });
      expect(await forged.next()).toEqual(errorOf('token_invalid'));
    } finally {
      await app.close();
    }
  });
});

describe('options of tokens', () => {
  it('claim names, the admin role and tokens without expiry are configurable', async () => {
    const app = await RealtimeApp.start({
      adminRole: 'root',
      jwt: {
        secret: TEST_SECRET,
        allowWithoutExpiry: true,
        claims: { userId: ['uid'], email: 'mail', role: 'kind', roles: 'kinds' },
      },
    });
    try {
      const payload = { uid: 'me', mail: 'm@example.com', kind: 'root', sub: 'not me', role: 'user' };
      const client = await app.connect({ token: handSigned(payload) });
      const connected = await client.next('connected');
      expect(connected.user).toEqual({ userId: 'me', email: 'm@example.com', role: 'root' });
      expect(connected).not.toHaveProperty('expiresAt');
      expect(connected.authorizedChannels).toContain('system:health');
    } finally {
      await app.close();
    }
  });
});
