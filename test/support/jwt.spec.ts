import { generateKeyPairSync } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { secondsFromNow, signToken, TEST_SECRET, unsignedToken } from './jwt.js';

const jwt = new JwtService();

describe('signToken', () => {
  it('signs for a user without special roles, for an hour', () => {
    const claims = jwt.verify<Record<string, unknown>>(signToken(), { secret: TEST_SECRET });
    expect(claims).toMatchObject({ sub: 'u1', email: 'u1@example.com', role: 'user' });
    expect(claims['exp']).toBeGreaterThan(secondsFromNow(3500));
  });

  it('accepts any claim, and removes undefined ones', () => {
    const claims = jwt.decode<Record<string, unknown>>(
      signToken({ sub: 42, exp: undefined, email: undefined, jti: 's1' }),
    );
    expect(claims).toMatchObject({ sub: 42, jti: 's1' });
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['exp']));
    expect(Object.keys(claims)).not.toEqual(expect.arrayContaining(['email']));
  });

  it('creates tokens that are expired or not yet valid', () => {
    const secret = TEST_SECRET;
    expect(() => jwt.verify(signToken({ exp: secondsFromNow(-10) }), { secret })).toThrow('jwt expired');
    expect(() => jwt.verify(signToken({ nbf: secondsFromNow(60) }), { secret })).toThrow('jwt not active');
  });

  it('signs with a private key too', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    const token = signToken({ sub: 'u2' }, { alg: 'ES256', key: privateKey });
    expect(jwt.verify(token, { publicKey, algorithms: ['ES256'] })).toMatchObject({ sub: 'u2' });
  });
});

it('unsignedToken has the algorithm none and no signature', () => {
  const token = unsignedToken({ role: 'admin' });
  expect(token.endsWith('.')).toBe(true);
  expect(jwt.decode(token, { complete: true })).toMatchObject({ header: { alg: 'none' }, payload: { role: 'admin' } });
});
