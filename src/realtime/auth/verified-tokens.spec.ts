import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { secondsFromNow, signToken, type SigningOptions } from '../../../test/support/jwt.js';
import { MemoryTicketStore } from '../backends/memory/memory.ticket-store.js';
import { resolveOptions } from '../options/resolve-options.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import { AuthService } from './auth.service.js';
import { ClusterSeal } from './cluster-seal.js';
import { Revocations } from './revocations.js';
import { Tickets } from './tickets.js';
import { StaticKeys, type TokenKeys } from './token-keys.js';
import { VerifiedTokens, type VerifiedToken } from './verified-tokens.js';

type Algorithm = 'HS256' | 'RS256' | 'ES256';

const SECRET = 'a secret that is long enough for HS256';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }) as string;
const KEYS: Readonly<Record<Algorithm, { readonly jwt: object; readonly signing: SigningOptions }>> = {
  HS256: { jwt: { secret: SECRET }, signing: { alg: 'HS256', key: SECRET } },
  RS256: { jwt: { publicKey: pem(rsa.publicKey) }, signing: { alg: 'RS256', key: pem(rsa.privateKey) } },
  ES256: { jwt: { publicKey: pem(ec.publicKey) }, signing: { alg: 'ES256', key: pem(ec.privateKey) } },
};

/** A clock that can also be set back, as the system clock can. */
class MovableClock extends RealtimeClock {
  offsetMs = 0;

  override wall(): number {
    return super.wall() + this.offsetMs;
  }
}

function harness(jwt: object, replaced?: TokenKeys) {
  const options = resolveOptions({ jwt });
  const clock = new MovableClock();
  const revocations = new Revocations(clock);
  const tickets = new Tickets(new MemoryTicketStore(), options, clock, new ClusterSeal([]));
  const checks = jest.spyOn(JwtService.prototype, 'verify').mockClear();
  const keys = replaced ?? new StaticKeys(options.jwt);
  return { auth: new AuthService(keys, revocations, tickets, options, clock), clock, revocations, checks };
}

beforeAll(() => Logger.overrideLogger(false));
afterAll(() => jest.restoreAllMocks());

describe.each(['HS256', 'RS256', 'ES256'] as const)('a token signed with %s that was verified before', (algorithm) => {
  const { jwt, signing } = KEYS[algorithm];

  it('is accepted again without a check of its signature, with the same principal', async () => {
    const { auth, checks } = harness(jwt);
    const token = signToken({ sub: 'ann' }, signing);
    const first = await auth.verify(token);
    expect(await auth.verify(token)).toBe(first);
    expect(checks).toHaveBeenCalledTimes(1);
  });

  it('does not make a forged signature of the same payload valid', async () => {
    const { auth } = harness(jwt);
    const token = signToken({ sub: 'ann' }, signing);
    await auth.verify(token);
    const [header, payload, signature] = token.split('.');
    const other = signToken({ sub: 'bob' }, signing).split('.')[2];
    const flipped = `${signature?.startsWith('A') === true ? 'B' : 'A'}${signature?.slice(1)}`;
    for (const forged of [other, flipped, '']) {
      await expect(auth.verify(`${header}.${payload}.${forged}`)).rejects.toThrow('not valid');
    }
    await expect(auth.verify(token)).resolves.toMatchObject({ user: { userId: 'ann' } });
  });

  it('does not make another payload with its signature valid', async () => {
    const { auth } = harness(jwt);
    const token = signToken({ sub: 'ann' }, signing);
    await auth.verify(token);
    const [header, , signature] = token.split('.');
    const payload = signToken({ sub: 'root', role: 'admin' }, signing).split('.')[1];
    await expect(auth.verify(`${header}.${payload}.${signature}`)).rejects.toThrow('not valid');
  });
});

describe('a token that was verified before', () => {
  const { jwt, signing } = KEYS.HS256;

  it('ends at its exp, and its signature would be checked again', async () => {
    const { auth, clock, checks } = harness(jwt);
    const token = signToken({ exp: secondsFromNow(60) }, signing);
    await auth.verify(token);
    clock.offsetMs = 61_000;
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'token_expired' });
    clock.offsetMs = 0;
    await auth.verify(token);
    expect(checks).toHaveBeenCalledTimes(2);
  });

  it.each(['session', 'user', 'all'] as const)('is refused once a revocation of kind %s covers it', async (kind) => {
    const { auth, revocations, checks } = harness(jwt);
    const token = signToken({ sub: 'ann', jti: 's1' }, signing);
    const { session, userKey } = await auth.verify(token);
    const times = { before: Date.now() + 1_000, until: Infinity };
    const id = kind === 'session' ? session : userKey;
    revocations.add(
      kind === 'session'
        ? { kind, id, until: Infinity }
        : kind === 'user'
          ? { kind, id, ...times }
          : { kind, ...times },
    );
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'token_invalid' });
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'token_invalid' });
    expect(checks).toHaveBeenCalledTimes(2); // the first refusal forgot it
  });

  it('is refused while the clock is before its nbf', async () => {
    const { auth, clock } = harness(jwt);
    const token = signToken({ nbf: secondsFromNow(-5) }, signing);
    await auth.verify(token);
    clock.offsetMs = -600_000;
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'token_invalid' });
    clock.offsetMs = 0;
    await expect(auth.verify(token)).resolves.toBeDefined();
  });

  it('has its iat compared with the time of each use', async () => {
    const { auth, clock } = harness(jwt);
    const iat = secondsFromNow(600);
    const token = signToken({ iat, exp: secondsFromNow(3_600) }, signing);
    expect((await auth.verify(token)).issuedAt).toBe(-Infinity);
    clock.offsetMs = 700_000;
    expect((await auth.verify(token)).issuedAt).toBe(iat * 1_000);
  });

  it('ends when its key is no longer in use, or was replaced by an equal one', async () => {
    const key = createSecretKey(SECRET, 'utf8');
    let keys: readonly KeyObject[] = [key];
    const { auth, checks } = harness(jwt, { algorithms: ['HS256'], status: { up: true }, keysFor: () => keys });
    const token = signToken({}, signing);
    await auth.verify(token);
    keys = [createSecretKey(SECRET, 'utf8')];
    await auth.verify(token);
    expect(checks).toHaveBeenCalledTimes(2);
    keys = [createSecretKey('another secret that is long enough', 'utf8')];
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'token_invalid' });
    keys = [];
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'token_invalid' });
  });

  it('is checked against the tenant of each use', async () => {
    const options = { jwt, tenants: { claim: 'org', platformRole: 'root' } };
    const resolved = resolveOptions(options);
    const clock = new MovableClock();
    const tickets = new Tickets(new MemoryTicketStore(), resolved, clock, new ClusterSeal([]));
    const keys = new StaticKeys(resolved.jwt);
    const auth = new AuthService(keys, new Revocations(clock), tickets, resolved, clock);
    const token = signToken({ sub: 'ann', org: 'acme' }, signing);
    await auth.verify(token, 'acme');
    await expect(auth.verify(token, 'other')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(auth.verify(token, 'acme')).resolves.toMatchObject({ tenant: 'acme' });
  });
});

describe('VerifiedTokens', () => {
  const verified = {} as VerifiedToken;

  it('keeps a bounded number of tokens, and drops the one that was not used for the longest time', () => {
    const tokens = new VerifiedTokens(2);
    tokens.add('a', verified);
    tokens.add('b', verified);
    tokens.add('a', tokens.take('a') ?? verified);
    tokens.add('c', verified);
    expect(tokens.size).toBe(2);
    expect(tokens.take('b')).toBeUndefined();
    expect(tokens.take('a')).toBe(verified);
    expect(tokens.take('c')).toBe(verified);
  });
});
