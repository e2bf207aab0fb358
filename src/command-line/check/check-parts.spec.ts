import { certificateProblems, type CertificateCheck } from './certificate.js';
import { claimProblems, comparedClaims, issuedInFuture, readClaims } from './claims.js';
import { aheadBy, bestOf, clockFinding } from './clock.js';

const NOW = Date.parse('2026-06-01T00:00:00Z');

describe('the certificate', () => {
  const good: CertificateCheck = {
    host: 'api.example',
    certificate: {
      subject: { CN: 'api.example' },
      issuer: { CN: 'An authority' },
      subjectaltname: 'DNS:api.example',
      valid_from: 'Jan  1 00:00:00 2026 GMT',
      valid_to: 'Jan  1 00:00:00 2027 GMT',
    },
    refusedWith: null,
    isForHost: true,
    now: NOW,
  };
  const problemsOf = (change: Partial<CertificateCheck>) =>
    certificateProblems({ ...good, ...change }).map(({ problem }) => problem);

  it('has no problem', () => {
    expect(certificateProblems(good)).toEqual([]);
  });

  it.each([
    [{ refusedWith: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'the certificate is self-signed (An authority)'],
    [{ refusedWith: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, 'the issuer of the certificate is unknown (An authority)'],
    [{ refusedWith: 'CERT_REVOKED' }, 'the certificate is not trusted (CERT_REVOKED)'],
    [{ isForHost: false }, 'the certificate is not for api.example, but for DNS:api.example'],
    [{ now: Date.parse('2027-01-03') }, 'the certificate expired 2 days ago (Jan  1 00:00:00 2027 GMT)'],
    [{ now: Date.parse('2025-01-03') }, 'the certificate is valid only from Jan  1 00:00:00 2026 GMT on'],
  ])('%j: %s', (change, problem) => {
    expect(problemsOf(change)).toEqual([problem]);
  });

  it('can have several problems, and none twice', () => {
    const change = { now: Date.parse('2027-01-03'), isForHost: false, refusedWith: 'CERT_HAS_EXPIRED' };
    expect(problemsOf(change)).toHaveLength(2);
  });
});

describe('the clock', () => {
  it('agrees within two seconds, or within the error', () => {
    expect(clockFinding({ server: 1_900, local: 0, error: 10 })).toContain('agrees');
    expect(clockFinding({ server: 2_900, local: 0, error: 3_000 })).toContain('agrees');
  });

  it.each([
    [65_000, 0, "the server's clock is 1 min ahead of this machine's"],
    [0, 2_100, "the server's clock is 2.1 s behind this machine's"],
  ])('differs: %s against %s', (server, local, problem) => {
    expect(clockFinding({ server, local, error: 10 })).toMatchObject({ problem });
  });

  it('is taken from the best sample', () => {
    const good = { server: 5, local: 1, error: 1 };
    expect(bestOf([{ ...good, error: 500 }, good, { ...good, error: 2 }])).toBe(good);
    expect(bestOf([])).toBeNull();
    expect(aheadBy(good)).toBe(4);
  });
});

describe('the claims of a token', () => {
  const seconds = NOW / 1_000;
  const tokenOf = (payload: unknown, header: unknown = { alg: 'HS256' }) =>
    [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.signature';
  const problemsOf = (payload: object, header?: object) => claimProblems(readClaims(tokenOf(payload, header))!, NOW);

  it.each(['', 'abc', 'a.b', 'a.b.c', `${tokenOf({})}.x`, tokenOf([]), tokenOf(null), tokenOf({}, 5)])(
    'are not in %s',
    (token) => {
      expect(readClaims(token)).toBeNull();
    },
  );

  it('have no problem', () => {
    expect(problemsOf({ sub: 'u', exp: seconds + 60, iat: seconds, nbf: seconds })).toEqual([]);
  });

  it.each([
    [{ exp: seconds - 60 }, "It ended 1 min ago (2026-05-31T23:59:00.000Z) by the server's clock (exp)."],
    [{ exp: undefined }, 'It has no end (exp), which the server requires unless an option allows that.'],
    [{ exp: 1e300 }, 'It has no end (exp), which the server requires unless an option allows that.'],
    [{ nbf: seconds + 60 }, "It becomes valid in 1 min (2026-06-01T00:01:00.000Z) by the server's clock (nbf)."],
    [{ sub: undefined }, 'It has no user id in sub, userId or id: set the option jwt.claims of the server.'],
    [{ iat: seconds + 60 }, expect.stringContaining('It was issued in 1 min (2026-06-01T00:01:00.000Z)') as string],
  ])('%j', (change, problem) => {
    expect(problemsOf({ sub: 'u', exp: seconds + 60, ...change })).toEqual([problem]);
  });

  it('show alg none', () => {
    expect(problemsOf({ sub: 'u', exp: seconds + 60 }, { alg: 'None' })).toEqual(['It is not signed (alg is none).']);
  });

  it('can be issued one second ahead', () => {
    expect(issuedInFuture(readClaims(tokenOf({ iat: seconds + 1 }))!, NOW)).toBeNull();
  });

  it('that the server compares are shown', () => {
    expect(comparedClaims(readClaims(tokenOf({ iss: 'me', aud: ['a'] }))!)).toBe('alg "HS256", iss "me", aud ["a"]');
    expect(comparedClaims(readClaims(tokenOf({}, {}))!)).toBe('alg absent, iss absent, aud absent');
  });
});
