import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { resolveOptions } from '../options/resolve-options.js';
import { StaticKeys } from './token-keys.js';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).publicKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey;
const SECRET = 's'.repeat(64);

const keys = (jwt: object): StaticKeys => new StaticKeys(resolveOptions({ jwt }).jwt);

describe('StaticKeys', () => {
  it.each<[string, () => object, string[]]>([
    ['a secret', () => ({ secret: SECRET }), ['HS256']],
    ['a secret with algorithms', () => ({ secret: SECRET, algorithms: ['HS384', 'HS512'] }), ['HS384', 'HS512']],
    ['an RSA key', () => ({ publicKey: pem(rsa) }), ['RS256']],
    ['an RSA key with algorithms', () => ({ publicKey: pem(rsa), algorithms: ['PS256', 'RS512'] }), ['PS256', 'RS512']],
    ['a key of P-256', () => ({ publicKey: pem(ec('prime256v1')) }), ['ES256']],
    ['a key of P-384', () => ({ publicKey: pem(ec('secp384r1')) }), ['ES384']],
    ['a key of P-521', () => ({ publicKey: pem(ec('secp521r1')) }), ['ES512']],
    ['keys of two kinds', () => ({ publicKey: [pem(rsa), pem(ec('prime256v1'))] }), ['RS256', 'ES256']],
  ])('allows the algorithms of %s', (_what, jwt, algorithms) => {
    const { algorithms: allowed, status } = keys(jwt());
    expect([allowed, status]).toEqual([algorithms, { up: true }]);
  });

  it('returns the keys that can have signed a token, in their order', () => {
    const [first, second] = [ec('prime256v1'), ec('prime256v1')];
    const all = keys({ publicKey: [first, rsa, second].map(pem) });
    expect(all.keysFor({ alg: 'ES256' }).map(pem)).toEqual([first, second].map(pem));
    expect(all.keysFor({ alg: 'RS256' }).map(pem)).toEqual([pem(rsa)]);
    expect([all.keysFor({ alg: 'HS256' }), all.keysFor({})]).toEqual([[], []]);
  });

  it.each<[string, () => object, string]>([
    ['another curve', () => ({ publicKey: pem(ec('secp256k1')) }), 'an EC key of the curve P-256'],
    ['another kind of key', () => ({ publicKey: pem(generateKeyPairSync('ed25519').publicKey) }), 'must be an RSA key'],
    [
      'a broken key',
      () => ({ publicKey: '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----' }),
      'cannot be read: give the public key as PEM',
    ],
    [
      'an algorithm of another kind',
      () => ({ publicKey: pem(rsa), algorithms: ['RS256', 'ES256'] }),
      '`jwt.algorithms` ES256 cannot be verified with this public key',
    ],
    [
      'an algorithm of another curve',
      () => ({ publicKey: pem(ec('prime256v1')), algorithms: ['ES384'] }),
      '`jwt.algorithms` ES384 cannot be verified',
    ],
  ])('refuses %s', (_what, jwt, problem) => {
    expect(() => keys(jwt())).toThrow(problem);
  });
});
