import { Logger } from '@nestjs/common';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signToken, type SigningOptions } from '../../../test/support/jwt.js';
import { RealtimeClock } from '../timing/realtime-clock.js';
import type { ResolvedRealtimeOptions } from '../options/realtime-options.js';
import { resolveOptions } from '../options/resolve-options.js';
import { AuthService } from './auth.service.js';
import { ClusterSeal } from './cluster-seal.js';
import { MemoryTicketStore } from '../backends/memory/memory.ticket-store.js';
import { principalFromClaims } from './principal.js';
import { Revocations } from './revocations.js';
import { Tickets } from './tickets.js';
import { StaticKeys } from './token-keys.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The order of P-256. */
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const pem = (key: KeyObject): string =>
  key.export({ type: key.type === 'public' ? 'spki' : 'pkcs8', format: 'pem' }) as string;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SECRET = 'a secret that is long enough for HS256';

type Algorithm = 'HS256' | 'RS256' | 'ES256';
const KEYS: Readonly<Record<Algorithm, { readonly jwt: object; readonly signing: SigningOptions }>> = {
  HS256: { jwt: { secret: SECRET }, signing: { alg: 'HS256', key: SECRET } },
  RS256: { jwt: { publicKey: pem(rsa.publicKey) }, signing: { alg: 'RS256', key: pem(rsa.privateKey) } },
  ES256: { jwt: { publicKey: pem(ec.publicKey) }, signing: { alg: 'ES256', key: pem(ec.privateKey) } },
};

function authWith(jwt: object): {
  readonly auth: AuthService;
  readonly revocations: Revocations;
  readonly tickets: Tickets;
} {
  const options: ResolvedRealtimeOptions = resolveOptions({ jwt });
  const clock = new RealtimeClock();
  const revocations = new Revocations(clock);
  const tickets = new Tickets(new MemoryTicketStore(), options, clock, new ClusterSeal([]));
  const auth = new AuthService(new StaticKeys(options.jwt), revocations, tickets, options, clock);
  return { auth, revocations, tickets };
}

/** Returns all other base64url spellings of the same bytes. */
function respelled(token: string): string[] {
  const parts = token.split('.');
  return parts.flatMap((part, index) =>
    ALPHABET.split('')
      .map((last) => part.slice(0, -1) + last)
      .filter((other) => other !== part && Buffer.from(other, 'base64url').equals(Buffer.from(part, 'base64url')))
      .map((other) => parts.with(index, other).join('.')),
  );
}

/** Returns the second signature that ECDSA accepts for the same input: r, n - s. */
function mirrored(token: string): string {
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const mirror = Buffer.from((N - s).toString(16).padStart(64, '0'), 'hex');
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), mirror]).toString('base64url')}`;
}

beforeAll(() => Logger.overrideLogger(false));

describe.each(['HS256', 'RS256', 'ES256'] as const)('a token signed with %s that has no jti', (algorithm) => {
  const { auth, revocations, tickets } = authWith(KEYS[algorithm].jwt);
  const token = signToken({ sub: 'ann', note: 'x'.repeat(7) }, KEYS[algorithm].signing);

  it('is rejected in every other spelling, before and after it was revoked', async () => {
    const others = respelled(token);
    expect(others.length).toBeGreaterThan(0);
    const { session } = await auth.verify(token);
    for (const other of others) await expect(auth.verify(other)).rejects.toThrow('not valid');
    revocations.add({ kind: 'session', id: session, until: Infinity });
    for (const other of [token, ...others]) await expect(auth.verify(other)).rejects.toThrow('not valid');
  });

  it('keeps its session when exchanged for a ticket, so revoking the session revokes the ticket', async () => {
    const young = signToken({ sub: 'ann', note: 'young' }, KEYS[algorithm].signing);
    const principal = await auth.verify(young);
    const { ticket } = await tickets.issue(principal);
    revocations.add({ kind: 'session', id: principal.session, until: Infinity });
    await expect(auth.identify({ headers: {}, url: `/ws?ticket=${ticket}` })).rejects.toThrow('not valid');
  });
});

describe('the mirrored form of an ECDSA signature', () => {
  it('has the same session as the original token, and is revoked with it', async () => {
    const { auth, revocations } = authWith(KEYS.ES256.jwt);
    const token = signToken({ sub: 'ann' }, KEYS.ES256.signing);
    const mirror = mirrored(token);
    expect(mirror).not.toBe(token);
    const { session } = await auth.verify(token);
    expect((await auth.verify(mirror)).session).toBe(session);
    revocations.add({ kind: 'session', id: session, until: Infinity });
    for (const spelling of [token, mirror]) await expect(auth.verify(spelling)).rejects.toThrow('not valid');
  });
});

describe('a ticket in the store', () => {
  const clock = new RealtimeClock();
  const options = resolveOptions({ jwt: { secret: SECRET, allowWithoutExpiry: true } });
  const key = 'a cluster key that is long enough for this';
  const ticketsOver = (store: MemoryTicketStore, keys: readonly string[]): Tickets =>
    new Tickets(store, options, clock, new ClusterSeal(keys));
  const principal = principalFromClaims({ sub: 'ann', jti: 'j', role: 'admin' }, options, 'header.payload', Date.now());

  it('keeps a token without iat and exp unchanged', async () => {
    const tickets = ticketsOver(new MemoryTicketStore(), [key]);
    const { ticket } = await tickets.issue(principal);
    expect(await tickets.redeem(ticket)).toEqual(principal);
  });

  it.each([[[]], [['another key that is long enough for this']]])(
    'is rejected if it was not sealed with a cluster key: %j',
    async (keys) => {
      const store = new MemoryTicketStore();
      const { ticket } = await ticketsOver(store, keys).issue(principal);
      expect(await ticketsOver(store, [key]).redeem(ticket)).toBeNull();
    },
  );

  it('is not looked up if it is malformed', async () => {
    const store = new MemoryTicketStore();
    let lookups = 0;
    const take = store.take.bind(store);
    store.take = (digest) => {
      lookups += 1;
      return take(digest);
    };
    const tickets = ticketsOver(store, [key]);
    const { ticket } = await tickets.issue(principal);
    for (const malformed of ['', 'x', `${ticket}x`, ` ${ticket}`]) expect(await tickets.redeem(malformed)).toBeNull();
    expect(lookups).toBe(0);
    expect(await tickets.redeem(ticket)).toEqual(principal);
  });

  it('expires 30 s after it was issued', async () => {
    const before = Date.now();
    const { expiresAt } = await ticketsOver(new MemoryTicketStore(), [key]).issue(principal);
    expect(Date.parse(expiresAt) - before).toBeGreaterThanOrEqual(29_900);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(30_100);
  });

  it('is rejected if its holder was copied from another ticket', async () => {
    const store = new MemoryTicketStore();
    const tickets = ticketsOver(store, [key]);
    const held: string[] = [];
    const put = store.put.bind(store);
    store.put = (digest, holder, ttlMs) => put(digest, held[0] ?? (held[0] = holder), ttlMs);
    const [first, second] = [await tickets.issue(principal), await tickets.issue(principal)];
    expect(await tickets.redeem(second.ticket)).toBeNull();
    expect(await tickets.redeem(first.ticket)).not.toBeNull();
  });
});

describe('key rotation', () => {
  const [OLD, NEW] = ['an old secret, which is long enough for it', 'a new secret, which is long enough for it'];
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('accepts a token signed with any configured secret, and rejects other secrets', async () => {
    const { auth } = authWith({ secret: [NEW, OLD] });
    for (const key of [NEW, OLD]) expect(await auth.verify(signToken({ sub: 'ann' }, { key }))).toBeDefined();
    await expect(
      auth.verify(signToken({ sub: 'ann' }, { key: 'a third one, which is long enough too' })),
    ).rejects.toThrow('not valid');
    const { auth: after } = authWith({ secret: [NEW] });
    await expect(after.verify(signToken({ sub: 'ann' }, { key: OLD }))).rejects.toThrow('not valid');
  });

  it('accepts a token signed with any configured public key, also if the keys are of different types', async () => {
    const { auth } = authWith({ publicKey: [pem(ec.publicKey), pem(rsa.publicKey), pem(other.publicKey)] });
    const signed = [
      [ec.privateKey, 'ES256'],
      [other.privateKey, 'ES256'],
      [rsa.privateKey, 'RS256'],
    ] as const;
    for (const [key, alg] of signed) {
      expect(await auth.verify(signToken({ sub: 'ann' }, { key: pem(key), alg }))).toBeDefined();
    }
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = signToken({ sub: 'ann' }, { key: pem(stranger.privateKey), alg: 'ES256' });
    await expect(auth.verify(forged)).rejects.toThrow('not valid');
  });

  it.each<[string, object]>([
    ['an empty list', { secret: [] }],
    ['an empty secret', { secret: ['', NEW] }],
    ['nine keys', { secret: Array.from({ length: 9 }, (_value, index) => `secret number ${index}`) }],
    ['a list with something that is no key', { publicKey: [pem(ec.publicKey), 'x'] }],
    ['an algorithm that none of the keys can verify', { publicKey: [pem(ec.publicKey)], algorithms: ['RS256'] }],
  ])('%s is refused', (_what, jwt) => {
    expect(() => authWith(jwt)).toThrow(/jwt\./);
  });
});
